"""`esjournal append`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import LayoutOption, TableOption, UrlOption, repeated_option, url_of


def append(
    context: typer.Context,
    originator_id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The sequence: a name, a UUID, or `new` for a new UUID. `-` reads whole events from stdin.",
        ),
    ],
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="The version: 0, 1, 2 ..., or `next`.", show_default=False)
    ] = None,
    event_type: Annotated[
        str | None, typer.Argument(metavar="TYPE", help="The event type: module#QualName.", show_default=False)
    ] = None,
    state: Annotated[
        str | None,
        typer.Argument(
            metavar="STATE", help="A JSON object; `-` reads it from stdin, `@FILE` from a file.", show_default=False
        ),
    ] = None,
    recorded_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="When the event was recorded, in ISO 8601. Default: now.", show_default=False
        ),
    ] = None,
    meta: Annotated[
        list[str] | None,
        repeated_option("--meta", "TEXT", "Metadata: NAME=VALUE, or a JSON object"),
    ] = None,
    cause: Annotated[
        str | None,
        typer.Option(
            metavar="EVENT",
            help="The event that caused this one: its global position, event id, or ID/VERSION.",
            show_default=False,
        ),
    ] = None,
    once: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Append the event only once, however often the command runs.", show_default=False
        ),
    ] = None,
    if_absent: Annotated[
        bool, typer.Option("--if-absent", help="Succeed if an identical event is already there.")
    ] = False,
    each: Annotated[
        bool, typer.Option("--each", help="With -: append each line on its own, and answer it with a line.")
    ] = False,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Append an event, and print its global position.

    If ID is `new`, the new id is printed instead: a UUIDv7, which may be abbreviated by its end. Exit 0 means that the
    event is on disk. If the version is taken, nothing is written and the exit code is 4. With --if-absent, finding an
    event with the same type, state and metadata there is a success too: its global position is printed. A name has 1 to
    255 characters, none of them a control character, and must not read as a UUID; case counts.

    $ESJOURNAL_META has metadata for all events of a script, as --meta has it for one; if a member is given twice, the
    last one counts. --cause writes causation_id and correlation_id into the metadata. --once derives an event id from
    the sequence and the key: the same command prints the same position again, or exits 4 if its event is another.

    \b
    Examples:
      esjournal append order-1001 0 orders#Placed '{"item":"tea"}'
      esjournal append order-1001 next orders#Paid '{"by":"card"}'
      esjournal append 9b300b13-4410-51bf-85ca-234c8cea73da 0 accounts#Opened '{"owner":"Ann"}'
      esjournal append 9b300b13-4410-51bf-85ca-234c8cea73da next accounts#Renamed '{"owner":"Eve"}'
      id=$(esjournal append new 0 accounts#Opened '{"owner":"Bob"}')
      echo '{"owner":"Cid"}' | esjournal append new 0 accounts#Opened -
      esjournal append - < events.ndjson
      esjournal append --if-absent - < events.ndjson
      esjournal append order-1001 next orders#Shipped '{}' --meta user=ann --cause 2 --once shipping-77

    `append -` reads lines as `export` writes them, and appends all of them or none. With --each, every line is a
    transaction of its own. As soon as it is on disk, it is answered by a line: its global position, or `conflict:` or
    `invalid:` and the reason.
    """
    if originator_id == "-":
        more = (version, event_type, state, recorded_at, meta, cause, once)
        has_more_arguments = any(given is not None for given in more)
        if each:
            from esjournal.cli.running.append_each import run as run_each

            run_each(url_of(context, url, layout, table), has_more_arguments=has_more_arguments, if_absent=if_absent)
            return
        from esjournal.cli.running.append_lines import run as run_lines

        run_lines(url_of(context, url, layout, table), has_more_arguments=has_more_arguments, if_absent=if_absent)
        return
    if each:
        raise typer.BadParameter("--each is for lines: write `append --each -`.")
    from esjournal.cli.running.append import run

    run(
        url_of(context, url, layout, table),
        originator_id=originator_id,
        version=version,
        event_type=event_type,
        state=state,
        recorded_at=recorded_at,
        meta=meta or [],
        cause=cause,
        once=once,
        if_absent=if_absent,
    )
