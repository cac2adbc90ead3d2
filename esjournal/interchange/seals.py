"""The last line of a sealed export: what stands before it, so that a file that was cut off or changed is told."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from esjournal.domain.model import fields
from esjournal.exceptions import InvalidData

_START = b'{"seal":'
_HINT = '{"seal":{"events":0,"bytes":0,"sha256":"..."}}'

_Count = Annotated[int, msgspec.Meta(ge=0)]


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a seal says of all that stands before its line.

    `events` is how many events there are, `bytes` how many bytes, line ends included and not compressed, and `sha256`
    their digest in 64 hexadecimal digits.
    """

    events: _Count
    bytes: _Count
    sha256: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    seal: Seal


_line_decoder = msgspec.json.Decoder(_Line)


class Sealer:
    """Takes the bytes of a file in order, and makes their seal."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._events = 0
        self._bytes = 0

    def update(self, block: bytes, events: int) -> None:
        """Take the next bytes.

        Args:
            block: bytes, with their line ends.
            events: how many events are in them.
        """
        self._digest.update(block)
        self._bytes += len(block)
        self._events += events

    def seal(self) -> Seal:
        """Return the seal of all that was taken so far."""
        return Seal(self._events, self._bytes, self._digest.hexdigest())


def seal_line(seal: Seal) -> bytes:
    """Return the line that carries a seal, with its end."""
    return msgspec.json.encode(_Line(seal)) + b"\n"


def seal_of(line: bytes) -> Seal | None:
    """Return the seal that a line carries, or None where the line is no seal.

    Args:
        line: a line, with or without its end.

    Raises:
        InvalidData: the line begins as a seal and is none.
    """
    if not line.startswith(_START):
        return None
    try:
        return _line_decoder.decode(line).seal
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        shown = fields.shortened(line.decode(errors="backslashreplace"))
        raise InvalidData(f"the seal is damaged ({error}): {shown}; a seal looks like {_HINT}") from None
