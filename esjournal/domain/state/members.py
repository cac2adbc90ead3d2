"""The members of a JSON object, each with the text of its value."""

from __future__ import annotations

import msgspec

_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def raw_members(text: str | bytes) -> dict[str, msgspec.Raw]:
    """Return the members of an object; the last of duplicate keys counts.

    Args:
        text: JSON, nested less deep than Python's stack.

    Raises:
        msgspec.DecodeError: it is not a JSON object, or has half of a surrogate pair.
    """
    return _decoder.decode(text)
