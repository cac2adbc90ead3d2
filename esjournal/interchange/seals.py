"""The last line of a sealed export: it describes the lines before it, so that a cut or changed file is noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Annotated

import msgspec

from esjournal.domain.model.rules import MAX_VERSION
from esjournal.domain.text import counted, number, shortened
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.bytestreams import Block

_START = b'{"seal":'
_HINT = '{"seal":{"events":0,"bytes":0,"sha256":"..."}}'

_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_VERSION)]
_Id = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]


class WholeJournal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the seal of a whole journal says about the journal.

    `id` is its id, and `position` its last global position, up to which all of its events are in the file. `continues`
    has the ids of earlier journals that it continues: each with its last position that is known, and the number of
    events of the file up to there.
    """

    id: _Id
    position: _Count
    continues: dict[_Id, tuple[_Count, _Count]] = {}


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a seal says about everything before its line.

    `events` is the number of events, `bytes` the number of bytes with line ends, before compression, and `sha256` their
    digest in 64 hexadecimal digits. `journal` says which journal they are, if they are a whole one.
    """

    events: _Count
    bytes: _Count
    sha256: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    journal: WholeJournal | None = None


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    seal: Seal


_line_decoder = msgspec.json.Decoder(_Line)


class Sealer:
    """Makes the seal of a file from its bytes, given in order."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._events = 0
        self._bytes = 0

    def update(self, block: bytes, events: int) -> None:
        """Add the next bytes.

        Args:
            block: bytes, with their line ends.
            events: the number of events in them.
        """
        self._digest.update(block)
        self._bytes += len(block)
        self._events += events

    def seal(self, journal: WholeJournal | None = None) -> Seal:
        """Return the seal of everything so far.

        Args:
            journal: the journal whose events these are, if they are all of them.
        """
        return Seal(self._events, self._bytes, self._digest.hexdigest(), journal)


class SealCheck:
    """Checks a file against its seals while it is read; a seal describes the lines after the previous one.

    `journal` is what the seal says about a whole journal, once it is read, if the file has no other seal.

    Args:
        name: the file's name in messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._sealer = Sealer()
        self._line = 0
        self._seal_line = 0
        self.journal: WholeJournal | None = None

    def take(self, block: Block) -> None:
        """Add the next lines, each with an event."""
        self._sealer.update(block.data, block.lines)
        self._line += block.lines

    def unsealed_lines(self, block: Block) -> Iterator[tuple[int, bytes]]:
        """Add the next lines, and yield line numbers and lines, without blank lines and seals.

        Raises:
            InvalidLine: the bytes before a seal do not match it.
        """
        if _START not in block.data:
            # Any number of blank lines is skipped at once.
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
        """Add the next lines, and check only their seals.

        Raises:
            InvalidLine: the bytes before a seal do not match it.
        """
        for _ in self.unsealed_lines(block):
            pass

    def end(self, required: bool) -> None:
        """Check the end of the file.

        Args:
            required: whether the file must have a seal.

        Raises:
            InvalidLine: events follow the last seal, or a required seal is missing.
        """
        after = self._sealer.seal().events
        if self._seal_line and after:
            lines = counted(after, "line follows", "lines follow")
            reason = f"{lines} the seal, which ends a file: get the file again"
            raise InvalidLine(self._name, self._seal_line + 1, reason)
        if required and not self._seal_line:
            reason = "the file ends without a seal: it was cut off, or exported without --seal"
            raise InvalidLine(self._name, self._line + 1, reason)

    def _compare(self, seal: Seal) -> None:
        found = self._sealer.seal()
        if found != msgspec.structs.replace(seal, journal=None):
            sealed = f"{counted(seal.events, 'event')} in {counted(seal.bytes, 'byte')}"
            raise InvalidLine(
                self._name,
                self._line,
                f"the file does not match its seal of {sealed}, it has {number(found.events)} in "
                f"{number(found.bytes)}: get the file again",
            )
        self._sealer = Sealer()
        self.journal = None if self._seal_line else seal.journal
        self._seal_line = self._line


def seal_line(seal: Seal) -> bytes:
    """Return the line that carries a seal, with its end."""
    return msgspec.json.encode(_Line(seal)) + b"\n"


def seal_of(line: bytes) -> Seal | None:
    """Return the seal of a line, None if the line is not a seal.

    Args:
        line: a line, with or without its end.

    Raises:
        InvalidData: the line begins like a seal, but is not a valid one.
    """
    if not line.startswith(_START):
        return None
    try:
        return _line_decoder.decode(line).seal
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        shown = shortened(line.decode(errors="backslashreplace"))
        raise InvalidData(f"the seal is damaged ({error}): {shown}; a seal looks like {_HINT}") from None
