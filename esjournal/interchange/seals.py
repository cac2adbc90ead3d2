"""The last line of a sealed export: what stands before it, so that a file that was cut off or changed is told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Annotated

import msgspec

from esjournal.domain.text import counted, number, shortened
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.bytestreams import Block

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


class SealCheck:
    """Holds a file against its seals while it is read; a seal stands for what is behind the one before it.

    Args:
        name: how messages call the file.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._sealer = Sealer()
        self._line = 0
        self._seal_line = 0

    def take(self, block: Block) -> None:
        """Take the next lines, each of which has an event."""
        self._sealer.update(block.data, block.lines)
        self._line += block.lines

    def unsealed_lines(self, block: Block) -> Iterator[tuple[int, bytes]]:
        """Take the next lines, and yield the numbers and the lines that are neither blank nor a seal.

        Raises:
            InvalidLine: the bytes before a seal are not those that it was made for.
        """
        if _START not in block.data:
            # Any number of blank lines is passed over at once.
            lines = list(block.numbered_texts())
            self._sealer.update(block.data if block.data.endswith(b"\n") else block.data + b"\n", len(lines))
            self._line += block.lines
            yield from lines
            return
        for self._line, line in block.numbered_lines():
            try:
                seal = seal_of(line)
            except InvalidData as error:
                raise InvalidLine(self._name, self._line, str(error)) from None
            if seal is not None:
                self._compare(seal)
            else:
                blank = not line or line.isspace()
                self._sealer.update(line + b"\n", not blank)
                if not blank:
                    yield self._line, line.removesuffix(b"\r")

    def skim(self, block: Block) -> None:
        """Take the next lines without a look at what they are, seals excepted.

        Raises:
            InvalidLine: the bytes before a seal are not those that it was made for.
        """
        for _ in self.unsealed_lines(block):
            pass

    def end(self, required: bool) -> None:
        """Hear that the file is read.

        Args:
            required: whether there has to be a seal.

        Raises:
            InvalidLine: events follow the last seal, or there has to be a seal and is none.
        """
        behind = self._sealer.seal().events
        if self._seal_line and behind:
            reason = (
                f"{counted(behind, 'line stands', 'lines stand')} after the seal, which ends a file: get the file again"
            )
            raise InvalidLine(self._name, self._seal_line + 1, reason)
        if required and not self._seal_line:
            reason = "the file ends without a seal: it was cut off, or exported without --seal"
            raise InvalidLine(self._name, self._line + 1, reason)

    def _compare(self, seal: Seal) -> None:
        found = self._sealer.seal()
        if found != seal:
            raise InvalidLine(
                self._name,
                self._line,
                f"the file is not what was sealed: {counted(seal.events, 'event')} in {counted(seal.bytes, 'byte')}, "
                f"and here {number(found.events)} in {number(found.bytes)}: get the file again",
            )
        self._sealer = Sealer()
        self._seal_line = self._line


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
        shown = shortened(line.decode(errors="backslashreplace"))
        raise InvalidData(f"the seal is damaged ({error}): {shown}; a seal looks like {_HINT}") from None
