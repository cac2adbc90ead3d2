"""The members of a JSON object, each with the text of its value."""

from __future__ import annotations

import msgspec

_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array_decoder = msgspec.json.Decoder(list[msgspec.Raw])


def raw_members(text: str | bytes) -> dict[str, msgspec.Raw]:
    """Return the members of an object; the last of duplicate keys counts.

    Args:
        text: JSON, nested less deep than Python's stack.

    Raises:
        msgspec.DecodeError: it is not a JSON object, or has half of a surrogate pair.
    """
    return _decoder.decode(text)


def members_if_object(text: str) -> dict[str, msgspec.Raw]:
    """Return the members of an object as `raw_members` does; none for any other text."""
    try:
        return raw_members(text)
    except (msgspec.MsgspecError, RecursionError):
        return {}


def raw_items(text: str | bytes) -> list[msgspec.Raw]:
    """Return the items of an array.

    Args:
        text: JSON, nested less deep than Python's stack.

    Raises:
        msgspec.DecodeError: it is not a JSON array.
    """
    return _array_decoder.decode(text)
