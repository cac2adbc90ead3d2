"""The metadata of a new event, put together from parts."""

from __future__ import annotations

from collections.abc import Sequence

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import METADATA
from esjournal.domain.state import values
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData


def metadata_part(text: str) -> str:
    """Return a part of metadata as a JSON object.

    Args:
        text: `NAME=VALUE`, whose value becomes a string, or a JSON object, which stays as it is.

    Raises:
        InvalidData: it is neither.
    """
    if text.lstrip().startswith("{"):
        return rules.json_object(text, METADATA)
    name, equals, value = rules.state_text(text, METADATA).partition("=")
    if not (name and equals):
        raise InvalidData(f"{METADATA} {shortened(text)} is neither NAME=VALUE, such as user=ann, nor a JSON object")
    return values.text_of({name: value})


def metadata_of(parts: Sequence[str]) -> str | None:
    """Return the metadata that parts make together, None if there are none.

    Args:
        parts: JSON objects, as `metadata_part` returns them. A single one stays as it is. If several have a member, the
            last one counts.
    """
    if len(parts) < 2:
        return next(iter(parts), None)
    members: dict[str, object] = {}
    for part in parts:
        members |= values.parsed(part) or {}
    return values.text_of(members)
