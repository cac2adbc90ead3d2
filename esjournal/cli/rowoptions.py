"""The options of `esjournal import --rows`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from esjournal.cli.options import MAX_COUNT, repeated_option


@dataclass(frozen=True)
class RowOptions:
    """The options of an import of rows as they were given."""

    rows: bool
    sequence: str | None
    event_type: str | None
    recorded_at: str | None
    time_format: str | None
    time_zone: str | None
    state: str | None
    detect_types: bool
    meta: list[str] | None
    event_id: str | None
    order_by: str | None
    function: str | None
    show: int | None


def _template(help_text: str) -> Any:
    return typer.Option(metavar="TEMPLATE", help=f"Rows: {help_text}", show_default=False)


RowsOption = Annotated[bool, typer.Option("--rows", help="The files have ordinary rows; the options below say how.")]
SequenceOption = Annotated[
    str | None, _template("the name of a row's sequence, such as 'order-{order_no}', or a column of UUIDs.")
]
EventTypeOption = Annotated[str | None, _template("its event type, such as 'orders#{status}'.")]
RecordedAtOption = Annotated[str | None, _template("when it was recorded, such as '{placed_at}'. Default: now.")]
TimeFormatOption = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT",
        help="Rows: the form of times, such as '%d.%m.%Y %H:%M'. Default: ISO 8601.",
        show_default=False,
    ),
]
TimeZoneOption = Annotated[
    str | None,
    typer.Option(
        metavar="ZONE", help="Rows: the zone of times without an offset, such as Europe/Berlin.", show_default=False
    ),
]
StateOption = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMNS", help="Rows: the columns of the state, such as item,price. Default: all.", show_default=False
    ),
]
DetectTypesOption = Annotated[
    bool,
    typer.Option("--detect-types", help="Rows of CSV: write numbers, true, false and null in states, not only text."),
]
RowMetadataOption = Annotated[
    list[str] | None,
    repeated_option("--meta", "TEXT", "Rows: metadata, as NAME=TEMPLATE, a JSON object, or a column of objects"),
]
EventIdOption = Annotated[
    str | None, _template("a UUID, or a text from which the event's id is derived, such as '{order_no}/{status}'.")
]
OrderByOption = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Rows: sort all rows by a column first, on disk. Default: as they are.",
        show_default=False,
    ),
]
WithOption = Annotated[
    str | None,
    typer.Option(
        "--with",
        metavar="MODULE:FUNCTION",
        help="Rows: make the events in a function of your own, which gets each row as a dictionary.",
        show_default=False,
    ),
]
ShowOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, max=MAX_COUNT, help="Rows, with --dry-run: print the first N events.", show_default=False
    ),
]
