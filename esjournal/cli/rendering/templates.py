"""Templates: a line for each event, made from its fields and those of its state."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import typer

from esjournal.domain import templates
from esjournal.domain.model.recordedevent import EventRow, RecordedEvent
from esjournal.exceptions import InvalidData

# Makes a part of a line from an event and its parsed state.
Piece = Callable[[RecordedEvent, Any], str]

_STATE = "state."


def template(text: str) -> Callable[[EventRow], str]:
    """Return a function that makes a line, with its line end, from an event, given as the fields of RecordedEvent.

    Args:
        text: `{NAME}` is a field of the event, `{state.PATH}` a field of its state, and `{{` a brace. A string is
            written without quotes, any other value as JSON, and a missing one as nothing. A line end in a value
            becomes an escape: one event is one line.

    Raises:
        typer.BadParameter: a brace is unmatched, or there is no such field.
    """
    try:
        parts = templates.pieces(text)
    except InvalidData as error:
        raise typer.BadParameter(f"--template {error}.") from None
    pieces = [part if isinstance(part, str) else _piece(part) for part in parts]
    needs_state = f"{{{_STATE}" in text

    def line(row: EventRow) -> str:
        from esjournal.domain.state import values

        event = RecordedEvent._make(row)
        state = values.parsed(event.state) if needs_state else None
        return "".join([piece if isinstance(piece, str) else piece(event, state) for piece in pieces]) + "\n"

    return line


def _piece(placeholder: templates.Placeholder) -> Piece:
    name = placeholder.name
    if name.startswith(_STATE):
        return _field_of_state(name.removeprefix(_STATE))
    if name not in RecordedEvent._fields:
        raise typer.BadParameter(
            f"--template has {placeholder}, but an event has {', '.join(RecordedEvent._fields)}, and {_STATE}PATH."
        )
    value_of = attrgetter(name)
    return lambda event, state: "" if (value := value_of(event)) is None else _without_line_ends(str(value))


def _field_of_state(text: str) -> Piece:
    from esjournal.domain.state import paths, values

    try:
        path = paths.path(text)
    except InvalidData as error:
        raise typer.BadParameter(str(error)) from None

    def field(event: RecordedEvent, state: Any) -> str:
        value = paths.value_at(state, path)
        if value is values.MISSING:
            return ""
        return _without_line_ends(value if isinstance(value, str) else values.text_of(value))

    return field


def _without_line_ends(value: str) -> str:
    return value.replace("\n", "\\n").replace("\r", "\\r")
