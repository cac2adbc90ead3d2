"""Templates: a line for each event, made from its fields and those of its state and of its metadata."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import typer

from esjournal.domain import templates
from esjournal.domain.model.recordedevent import SEQUENCE_NAME, EventRow, RecordedEvent
from esjournal.domain.model.sequencenames import name_of_id
from esjournal.exceptions import InvalidData

# Makes a part of a line from an event, and its parsed state and metadata by the names of the fields.
Piece = Callable[[RecordedEvent, dict[str, Any]], str]

# The fields that are JSON, by what paths into them begin with.
_PATHS_INTO = {"state": "state", "meta": "metadata"}
_NAMES = (*RecordedEvent._fields, SEQUENCE_NAME)


def template(text: str) -> Callable[[EventRow], str]:
    """Return a function that makes a line, with its line end, from an event, given as the fields of RecordedEvent.

    Args:
        text: `{NAME}` is a field of the event, `{state.PATH}` a field of its state, `{meta.PATH}` one of its metadata,
            and `{{` a brace. A string is written without quotes, any other value as JSON, and a missing one as nothing.
            A line end in a value becomes an escape: one event is one line.

    Raises:
        typer.BadParameter: a brace is unmatched, or there is no such field.
    """
    try:
        parts = templates.pieces(text)
    except InvalidData as error:
        raise typer.BadParameter(f"--template {error}.") from None
    pieces = [part if isinstance(part, str) else _piece(part) for part in parts]
    needed = [field for prefix, field in _PATHS_INTO.items() if f"{{{prefix}." in text]

    def line(row: EventRow) -> str:
        from esjournal.domain.state import values

        event = RecordedEvent._make(row)
        parsed = {field: values.parsed(getattr(event, field) or "") for field in needed}
        return "".join([piece if isinstance(piece, str) else piece(event, parsed) for piece in pieces]) + "\n"

    return line


def _piece(placeholder: templates.Placeholder) -> Piece:
    name = placeholder.name
    prefix, dot, path = name.partition(".")
    if dot and prefix in _PATHS_INTO:
        return _value_at(path, _PATHS_INTO[prefix])
    if name not in _NAMES:
        raise typer.BadParameter(
            f"--template has {placeholder}, but an event has {', '.join(_NAMES)}, state.PATH, and meta.PATH."
        )
    value_of = _sequence_name if name == SEQUENCE_NAME else attrgetter(name)
    return lambda event, parsed: "" if (value := value_of(event)) is None else _without_line_ends(str(value))


def _sequence_name(event: RecordedEvent) -> str | None:
    return name_of_id(event.originator_id)


def _value_at(text: str, of: str) -> Piece:
    from esjournal.domain.state import paths, values

    try:
        path = paths.path(text)
    except InvalidData as error:
        raise typer.BadParameter(str(error)) from None

    def field(event: RecordedEvent, parsed: dict[str, Any]) -> str:
        value = paths.value_at(parsed[of], path)
        if value is values.MISSING:
            return ""
        return _without_line_ends(value if isinstance(value, str) else values.text_of(value))

    return field


def _without_line_ends(value: str) -> str:
    return value.replace("\n", "\\n").replace("\r", "\\r")
