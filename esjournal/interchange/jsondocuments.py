"""Events in JSON that is not one a line: arrays, and values over many lines, as `-F json` and jq write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from esjournal.domain.text import counted, shortened
from esjournal.exceptions import InvalidLine
from esjournal.interchange.bytestreams import ADVICE_FOR_LONG_LINES, ByteStream

EXPECTED = 'one event a line, an array of events, or events one after another: {"originator_id":"...",...}'
_BOM = b"\xef\xbb\xbf"

# Matches up to the next bracket outside of strings, and nothing if a string has no end yet.
_NEXT_BRACKET = re.compile(rb'[^"\[\]{}]*+(?:"(?:[^"\\]++|\\.)*+"[^"\[\]{}]*+)*+([\[\]{}])', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING_OR_SPACE = re.compile(rb'("(?:[^"\\]++|\\.)*+")|[ \t\r\n]++', re.DOTALL)
_OPENING = b"[{"
# An event is looked through again whenever more of it has been read; from here on, only when it has doubled.
_LONG_EVENT = 1024 * 1024


def is_json_over_lines(first: bytes) -> bool:
    """Say whether an input is JSON, but not one value a line.

    Args:
        first: its first bytes, at least some thousands if it has as many.
    """
    text = first.removeprefix(_BOM).lstrip()
    line, _, rest = text.partition(b"\n")
    line, following = line.rstrip(), rest.lstrip()
    if line.startswith(b"["):
        # An array on the first line, with more lines after it, is bad NDJSON and not a document.
        return not (line.endswith(b"]") and following)
    return line.startswith(b"{") and line.endswith((b"{", b"[", b",", b":")) and following.startswith((b'"', b"}"))


def values(stream: ByteStream) -> Iterator[tuple[int, bytes]]:
    """Yield the line on which each event begins, and the event on one line.

    If an event has several lines, the line ends and spaces that a formatter added are removed, also in its state.

    Args:
        stream: events one after another, or arrays of events.

    Raises:
        InvalidLine: the text is neither an event nor an array of events, or it is cut off.
    """
    text = _Text(stream)
    while character := text.peek():
        if character != b"[":
            yield text.value()
            continue
        text.skip()
        if text.peek() == b"]":
            text.skip()
            continue
        while True:
            yield text.value()
            separator = text.peek()
            if separator not in (b",", b"]"):
                raise text.wrong("expected ',' or ']' after an event of the array")
            text.skip()
            if separator == b"]":
                break


class _Text:
    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._blocks = stream.pieces()
        # A bytearray, because adding to bytes would copy all of a long event for each piece.
        self._data = bytearray()
        self._at = 0
        while len(self._data) < len(_BOM) and self._more():
            pass
        self._at = len(_BOM) if self._data.startswith(_BOM) else 0
        self._line = 1

    def peek(self) -> bytes | bytearray:
        """Return the next character that is not space, or nothing at the end."""
        while True:
            end = _SPACE.match(self._data, self._at).end()  # type: ignore[union-attr]
            self._pass(end)
            if end < len(self._data):
                return self._data[end : end + 1]
            if not self._more():
                return b""

    def skip(self) -> None:
        self._at += 1

    def value(self) -> tuple[int, bytes]:
        """Return the next value, which must be an object, and its line."""
        if self.peek() != b"{":
            raise self.wrong(f"expected {EXPECTED}")
        depth = 0
        at = self._at
        while True:
            found = _NEXT_BRACKET.match(self._data, at)
            if found is None:
                limit = self._stream.line_limit
                if len(self._data) - self._at > limit:
                    reason = f"the event is longer than {counted(limit, 'byte')}: {ADVICE_FOR_LONG_LINES}"
                    raise InvalidLine(self._stream.name, self._line, reason)
                at -= self._at
                if not self._more(twice=len(self._data) - self._at > _LONG_EVENT):
                    raise self.wrong("the event has no end: get the file again")
                at += self._at
                continue
            at = found.end()
            depth += 1 if found[1] in _OPENING else -1
            if depth == 0:
                break
        line, value = self._line, bytes(self._data[self._at : at])
        self._pass(at)
        return line, _on_one_line(value) if b"\n" in value else value

    def wrong(self, reason: str) -> InvalidLine:
        found = self._data[self._at : self._at + 40].decode(errors="backslashreplace")
        shown = shortened(found, 20) if found else "the end"
        return InvalidLine(self._stream.name, self._line, f"{reason}; found {shown}")

    def _pass(self, end: int) -> None:
        self._line += self._data.count(b"\n", self._at, end)
        self._at = end

    def _more(self, *, twice: bool = False) -> bool:
        """Read on, until there is twice as much or until the limit if `twice`; return whether there was anything."""
        del self._data[: self._at]
        self._at = 0
        before = len(self._data)
        enough = min(2 * before, self._stream.line_limit) if twice else before
        for block in self._blocks:
            self._data += block
            if len(self._data) > enough:
                break
        return len(self._data) > before


def _on_one_line(value: bytes) -> bytes:
    try:
        return msgspec.json.format(value, indent=-1)
    except (msgspec.MsgspecError, RecursionError):
        # Escapes of lone surrogates are allowed, and text that is not JSON is reported when it is parsed.
        return _STRING_OR_SPACE.sub(rb"\1", value)
