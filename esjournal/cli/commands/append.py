"""`esjournal append`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from esjournal.advice import command
from esjournal.cli.exits import CONFLICT, fail, fail_to_print, reason_of, say
from esjournal.cli.options import LayoutOption, TableOption, UrlOption, checked, checked_id, names_layout, url_of
from esjournal.domain.text import counted
from esjournal.exceptions import ConcurrencyError, Conflict, InvalidData, OutcomeUnknown, UnusableFile
from esjournal.interchange.formats import STANDARD_STREAM

if TYPE_CHECKING:
    from esjournal.domain.model.recordedevent import RecordedEvent
    from esjournal.journal.journal import Journal

_NEW = "new"
# What is appended at once is held in memory, and an input without an end must not fill it.
_MOST_BYTES = 64 * 1024 * 1024


def append(
    context: typer.Context,
    originator_id: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The sequence: a UUID, or `new` for a new one. `-` reads whole events from stdin."
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
    if_absent: Annotated[
        bool, typer.Option("--if-absent", help="Succeed if an identical event is already there.")
    ] = False,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Append an event, and print its global position.

    If ID is `new`, the new id is printed instead. Exit 0 means that the event is on disk. If the version is taken,
    nothing is written and the exit code is 4. With --if-absent, finding an event with the same type and state there is
    a success too: its global position is printed.

    \b
    Examples:
      esjournal append 9b300b13-4410-51bf-85ca-234c8cea73da 0 accounts#Opened '{"owner":"Ann"}'
      esjournal append 9b300b13-4410-51bf-85ca-234c8cea73da next accounts#Renamed '{"owner":"Eve"}'
      id=$(esjournal append new 0 accounts#Opened '{"owner":"Bob"}')
      echo '{"owner":"Cid"}' | esjournal append new 0 accounts#Opened -
      esjournal append - < events.ndjson
      esjournal append --if-absent - < events.ndjson

    The last two examples read lines as `export` writes them, and append all of them or none.
    """
    if originator_id == "-":
        has_more_arguments = any(given is not None for given in (version, event_type, state, recorded_at))
        _append_lines(url_of(context, url, layout, table), has_more_arguments, if_absent)
        return
    if version is None or event_type is None or state is None:
        raise typer.BadParameter("an event needs ID VERSION TYPE STATE.")
    if if_absent and (originator_id == _NEW or version == "next"):
        raise typer.BadParameter("--if-absent looks for the event at its place: give the id and the version.")
    from esjournal.domain.model import rules
    from esjournal.domain.model.recordedevent import RecordedEvent
    from esjournal.journal.abbreviation import new_sequence, sequence_to_append_to
    from esjournal.journal.journal import open_journal

    journal_url = url_of(context, url, layout, table)
    event = RecordedEvent(
        _NEW if originator_id == _NEW else checked_id(originator_id, journal_url),
        None if version == "next" else checked(rules.originator_version, version),
        rules.event_type(event_type),
        rules.json_object(_state_text(state)),
        None if recorded_at is None else checked(rules.recorded_at, recorded_at),
    )
    with open_journal(journal_url) as journal:
        if recorded_at is not None and journal.layout is not None:
            raise typer.BadParameter(
                f"{journal.shown_url} has no place for when it was recorded: leave out --recorded-at."
            )
        find = new_sequence if originator_id == _NEW else sequence_to_append_to
        event = event._replace(originator_id=checked(partial(find, journal), event.originator_id))
        [position] = _append(journal, [event], if_absent)
    _print_stored(event.originator_id if originator_id == _NEW else position)


def _append_lines(url: str, has_more_arguments: bool, if_absent: bool) -> None:
    from esjournal.domain.model.sequencenames import id_of_name

    if has_more_arguments:
        named = f" A sequence whose name is - is written as its id, {id_of_name('-')}." if names_layout(url) else ""
        raise typer.BadParameter(f"`append -` reads whole events from stdin: give no other arguments.{named}")
    from esjournal.interchange import ndjson
    from esjournal.interchange.bytestreams import source
    from esjournal.journal.journal import open_journal

    events: list[RecordedEvent] = []
    with source(STANDARD_STREAM, line_limit=_MOST_BYTES, limit=_MOST_BYTES) as stdin:
        for batch in ndjson.read(stdin):
            if batch.bad:
                raise batch.bad[0]
            events += batch.events
    with open_journal(url) as journal:
        positions = _append(journal, events, if_absent)
    _print_stored(*positions)
    if not events:
        say("standard input had no events; nothing was appended")


def _append(journal: Journal, events: Sequence[RecordedEvent], if_absent: bool) -> Sequence[int]:
    from esjournal.journal.transfer.appending import append_if_absent

    try:
        with _finding_out(journal, *events[:1]):
            return append_if_absent(journal, events) if if_absent else journal.events.append(events)
    except Conflict as conflict:
        if conflict.identical:
            fail(f"{ConcurrencyError.of(conflict)}, or add --if-absent", CONFLICT)
        raise


@contextmanager
def _finding_out(journal: Journal, *events: RecordedEvent) -> Iterator[None]:
    """Name the command that shows whether the first of some events is there; all of them are, or none."""
    from esjournal.domain.model.sequencenames import name_of_id

    try:
        yield
    except OutcomeUnknown as unknown:
        [event] = events
        version = event.originator_version
        # Others may have appended after it.
        which = ["--reverse", "--limit", "5"] if version is None else ["--gte", str(version), "--limit", "1"]
        name = name_of_id(event.originator_id) or event.originator_id
        finding = command("get", name, *which, url=journal.shown_url)
        raise unknown.with_advice(f"find out with {finding} before you append it again") from None


def _print_stored(*answers: str | int) -> None:
    try:
        for answer in answers:
            typer.echo(answer)
    except BrokenPipeError:
        raise
    except OSError as error:
        # The exit code says that something failed, and it was not the append.
        stored = f"{answers[0]} to {answers[-1]}" if len(answers) > 1 else f"{answers[0]}"
        fail_to_print(f"stored as {stored}, but that cannot be written to standard output: {reason_of(error)}")


def _state_text(argument: str) -> str:
    if argument != STANDARD_STREAM and not argument.startswith("@"):
        return argument
    name = "standard input" if argument == STANDARD_STREAM else argument[1:]
    try:
        with nullcontext(sys.stdin.buffer) if argument == STANDARD_STREAM else Path(name).open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise UnusableFile(f"{name} cannot be read: {reason}") from None
    if len(data) > _MOST_BYTES:
        raise InvalidData(f"{name} has more than {counted(_MOST_BYTES, 'byte')}, the most that append takes as a state")
    return _decoded(data)


def _decoded(data: bytes) -> str:
    try:
        # A file, and what echo writes, ends with a line end that is no part of the state.
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise InvalidData(f"the state has byte 0x{data[error.start]:02x} at byte {error.start + 1}: no UTF-8") from None
