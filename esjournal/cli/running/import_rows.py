"""`esjournal import --rows`: what its options say."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import islice

import typer

from esjournal.cli.rowoptions import RowOptions
from esjournal.cli.terminal import write
from esjournal.cli.usermodules import code_of
from esjournal.domain.state import values
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData
from esjournal.interchange import ndjson
from esjournal.interchange.batches import Batch
from esjournal.interchange.rowevents import RowEvents, RowFields, RowMetadata
from esjournal.interchange.rowfiles import EventsOfRows
from esjournal.interchange.rowfunction import FunctionEvents
from esjournal.interchange.roworder import RowOrder
from esjournal.interchange.rowtemplates import RowTemplate
from esjournal.interchange.rowtimes import RowTimes

# What a function makes itself.
_FIELDS = ("sequence", "event_type", "recorded_at", "time_format", "time_zone", "state", "meta", "event_id")


def refuse_row_options(options: RowOptions) -> None:
    """Refuse options that are only for rows.

    Raises:
        typer.BadParameter: one of them is given.
    """
    given = next((name for name, value in asdict(options).items() if value not in (None, False, [])), None)
    if given is not None:
        option = _option(given)
        raise typer.BadParameter(f"{option} is for rows: add --rows, or leave out {option}.")


def events_of_rows(options: RowOptions, url: str) -> EventsOfRows:
    """Return what makes events of rows: templates, or a function.

    Args:
        options: the options.
        url: the journal that is opened afterwards.

    Raises:
        typer.BadParameter: an option is missing, or not allowed.
    """
    if options.function is None:
        return RowEvents(_row_fields(options))
    if (given := next((name for name in _FIELDS if getattr(options, name)), None)) is not None:
        raise typer.BadParameter(f"--with makes whole events: leave out {_option(given)}.")
    return FunctionEvents(code_of("--with", options.function, url), options.function)


def row_order(options: RowOptions) -> RowOrder | None:
    """Return the order of the rows, None for that in which they come.

    Raises:
        typer.BadParameter: an option is not allowed.
    """
    if options.order_by is None:
        return None
    is_time = options.recorded_at == f"{{{options.order_by}}}"
    return RowOrder(options.order_by, _times(options).canonical if is_time else None)


def _row_fields(options: RowOptions) -> RowFields:
    if options.sequence is None or options.event_type is None:
        raise typer.BadParameter("--rows needs --sequence and --event-type, or --with: give the templates of both.")
    if options.recorded_at is None and (options.time_format is not None or options.time_zone is not None):
        option = "--time-zone" if options.time_format is None else "--time-format"
        raise typer.BadParameter(f"{option} says how to read --recorded-at: add that, or leave out {option}.")
    return RowFields(
        sequence=_template("--sequence", options.sequence),
        event_type=_template("--event-type", options.event_type),
        recorded_at=None if options.recorded_at is None else _template("--recorded-at", options.recorded_at),
        times=_times(options),
        state=None if options.state is None else _columns(options.state),
        metadata=_metadata(options.meta) if options.meta else None,
        event_id=None if options.event_id is None else _template("--event-id", options.event_id),
    )


def show_first(count: int) -> Callable[[Batch], None]:
    """Return a function that prints the first events of batches, a line of NDJSON each.

    Args:
        count: how many events to print.
    """
    left = count

    def show(batch: Batch) -> None:
        nonlocal left
        events = list(islice(batch.events, left))
        left -= len(events)
        if not events:
            return
        write(ndjson.lines_of(events, omitted=frozenset({"global_position"})))
        # If stdout and stderr are the same file, the events come before the totals.
        sys.stdout.flush()

    return show


def _option(name: str) -> str:
    return "--with" if name == "function" else f"--{name.replace('_', '-')}"


def _template(option: str, text: str) -> RowTemplate:
    if not text and option != "--meta":
        raise typer.BadParameter(f"{option} is empty: write a text with columns in it, such as order-{{order_no}}.")
    try:
        return RowTemplate(text)
    except InvalidData as error:
        raise typer.BadParameter(f"{option} {error}.") from None


def _times(options: RowOptions) -> RowTimes:
    try:
        return RowTimes(options.time_format, options.time_zone)
    except InvalidData as error:
        raise typer.BadParameter(f"--time-zone {error}.") from None


def _columns(text: str) -> Sequence[str]:
    names = text.split(",")
    if len(set(names)) < len(names):
        raise typer.BadParameter(f"--state {shortened(text)} names a column twice: name it once.")
    return names


def _metadata(texts: Sequence[str]) -> RowMetadata:
    members: dict[str, RowTemplate | str] = {}
    for text in texts:
        if not text.lstrip().startswith("{"):
            name, equals, value = text.partition("=")
            if not (name and equals):
                raise typer.BadParameter(
                    f"--meta {shortened(text)} is neither NAME=TEMPLATE, such as user={{user}}, nor a JSON object, nor "
                    f"a column of objects, such as {{meta}}."
                )
            members[name] = _template("--meta", value)
        elif (constant := values.parsed(text)) is not None:
            members |= {name: values.text_of(value) for name, value in constant.items()}
        elif len(texts) > 1:
            raise typer.BadParameter(
                f"--meta {shortened(text)} is all of the metadata: give no other --meta beside it."
            )
        else:
            return RowMetadata({}, _template("--meta", text))
    return RowMetadata(members)
