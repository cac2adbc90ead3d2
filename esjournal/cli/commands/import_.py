"""`esjournal import`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import FileFormatOption, LayoutOption, QuietOption, TableOption, UrlOption, url_of
from esjournal.cli.rowoptions import (
    DetectTypesOption,
    EventIdOption,
    EventTypeOption,
    OrderByOption,
    RecordedAtOption,
    RowMetadataOption,
    RowOptions,
    RowsOption,
    SequenceOption,
    ShowOption,
    StateOption,
    TimeFormatOption,
    TimeZoneOption,
    WithOption,
)
from esjournal.cli.transferoptions import (
    CommitEveryOption,
    DryRunOption,
    MapTypeOption,
    MaxRejectsOption,
    OnlyTypeOption,
    RejectsOption,
    RequireContiguousOption,
    SkipTypeOption,
    SummaryOption,
)
from esjournal.filepaths import expanded

MEBIBYTE = 1024 * 1024


def import_(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="NDJSON or CSV, and rows also Parquet; .gz and .zst are decompressed, `-` is stdin."
        ),
    ],
    file_format: FileFormatOption = None,
    delimiter: Annotated[
        str | None,
        typer.Option(
            metavar="CHARACTER",
            help="CSV: what separates the fields, such as ';' or tab. "
            "Default: what a first line such as sep=; says, or else the name.",
            show_default=False,
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The encoding of the text, such as cp1252 or utf-16. Default: UTF-8.",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRunOption = False,
    commit_every: CommitEveryOption = None,
    rejects: RejectsOption = None,
    max_rejects: MaxRejectsOption = None,
    require_contiguous: RequireContiguousOption = False,
    lock_readers: Annotated[
        bool,
        typer.Option(
            "--lock-readers",
            help="Into an empty journal on PostgreSQL: build the indexes last. Others read nothing until the end.",
        ),
    ] = False,
    require_seal: Annotated[
        bool, typer.Option("--require-seal", help="Refuse a file without a seal, such as a truncated one.")
    ] = False,
    map_type: MapTypeOption = None,
    only_type: OnlyTypeOption = None,
    skip_type: SkipTypeOption = None,
    max_line_bytes: Annotated[
        int, typer.Option(metavar="N", min=1, max=2**31 - 1, help="The longest line to accept.")
    ] = 160 * MEBIBYTE,
    summary: SummaryOption = None,
    rows: RowsOption = False,
    sequence: SequenceOption = None,
    event_type: EventTypeOption = None,
    recorded_at: RecordedAtOption = None,
    time_format: TimeFormatOption = None,
    time_zone: TimeZoneOption = None,
    state: StateOption = None,
    detect_types: DetectTypesOption = False,
    meta: RowMetadataOption = None,
    event_id: EventIdOption = None,
    order_by: OrderByOption = None,
    function: WithOption = None,
    show: ShowOption = None,
    quiet: QuietOption = False,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Append the events of files, all in one transaction.

    Events that are already there, with the same type, state and metadata, are skipped and counted. If a line is not an
    event (exit 3), or another event is already at the same version (exit 4), nothing is written; with --rejects, the
    rest is. After an interruption, run the same command again: the result is the same.

    With --rows, the files have ordinary rows, and each row becomes an event: the templates make its fields from the
    columns, and all columns are its state. Versions count up in each sequence in the order of the rows.

    \b
    Examples:
      esjournal import events.ndjson.gz
      esjournal import --dry-run events.csv
      esjournal import --delimiter ';' --encoding cp1252 from-excel.csv
      esjournal import --rejects bad.ndjson '2026-*.ndjson'
      esjournal import --commit-every 100000 huge.ndjson.zst
      esjournal import --map-type shop#Paid=orders#Paid old.ndjson
      esjournal --url old.db export --seal | esjournal --url new.db import --require-seal -
      esjournal import --rows --sequence 'order-{order_no}' --event-type 'orders#{status}' orders.csv
    """
    from esjournal.cli.running.import_ import run

    run(
        url_of(context, url, layout, table),
        paths=[expanded(path) for path in paths],
        file_format=file_format,
        delimiter=delimiter,
        encoding=encoding,
        dry_run=dry_run,
        commit_every=commit_every,
        rejects=rejects,
        max_rejects=max_rejects,
        require_contiguous=require_contiguous,
        lock_readers=lock_readers,
        require_seal=require_seal,
        map_type=map_type,
        only_type=only_type,
        skip_type=skip_type,
        max_line_bytes=max_line_bytes,
        summary=summary,
        row_options=RowOptions(
            rows=rows,
            sequence=sequence,
            event_type=event_type,
            recorded_at=recorded_at,
            time_format=time_format,
            time_zone=time_zone,
            state=state,
            detect_types=detect_types,
            meta=meta,
            event_id=event_id,
            order_by=order_by,
            function=function,
            show=show,
        ),
        quiet=quiet,
    )
