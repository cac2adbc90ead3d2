"""Encodings of text other than UTF-8: which ones can be named, how they are recognised, and their text in UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import chain

from esjournal.domain.text import number, shortened
from esjournal.exceptions import InvalidData, InvalidLine

UTF_8 = "utf-8"

_UTF_8_NAMES = (UTF_8, "utf-8-sig")
# Python's names of encodings in which no file is written, or, like UTF-7, that can write half of a surrogate pair.
_NOT_OF_FILES = ("charmap", "idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7")
_MARKS = (
    (codecs.BOM_UTF32_LE, ("UTF-32", "UTF-32LE")),
    (codecs.BOM_UTF32_BE, ("UTF-32", "UTF-32BE")),
    (codecs.BOM_UTF16_LE, ("UTF-16", "UTF-16LE")),
    (codecs.BOM_UTF16_BE, ("UTF-16", "UTF-16BE")),
)
# This many bytes are enough to recognise UTF-16: NDJSON and CSV in UTF-8 have no zero bytes.
_UTF_16_BYTES = 16


def checked_encoding(name: str) -> str:
    """Return Python's name of an encoding of text.

    Raises:
        InvalidData: there is no such encoding, or it is not one of files.
    """
    try:
        encoding = codecs.lookup(name).name
        # Unlike `lookup`, this refuses what does not decode to text, such as hex and rot13.
        b"a".decode(encoding, "ignore")
    except (LookupError, ValueError):
        encoding = None
    if encoding is None or encoding in _NOT_OF_FILES:
        raise InvalidData(f"{shortened(name)} is not a text encoding: give one such as cp1252, latin-1 or utf-16")
    return UTF_8 if encoding in _UTF_8_NAMES else encoding


def encodings_by_bytes(first: bytes) -> tuple[str, ...]:
    """Return the names of the encodings that read a text in UTF-16 or UTF-32, or nothing for any other input.

    Without a byte order mark it is recognised if its first characters are ASCII, which have zero bytes beside them.

    Args:
        first: its first bytes.
    """
    for mark, names in _MARKS:
        if first.startswith(mark):
            return names
    some = first[:_UTF_16_BYTES]
    if len(some) < 4 or not some.strip(b"\0"):
        return ()
    for name, width, at in (("UTF-32LE", 4, 0), ("UTF-32BE", 4, 3), ("UTF-16LE", 2, 0), ("UTF-16BE", 2, 1)):
        whole = some[: len(some) // width * width]
        others = [whole[other::width] for other in range(width) if other != at]
        if whole and all(whole[at::width]) and not any(map(any, others)):
            return (name,)
    return ()


def in_utf_8(blocks: Iterator[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """Yield the text of blocks in UTF-8.

    Args:
        blocks: text in any encoding.
        encoding: its encoding, as `checked_encoding` returns it.
        name: the input's name in messages.

    Raises:
        InvalidLine: bytes are not text in this encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    line, size = 1, 0
    for block in chain(blocks, (b"",)):
        before = decoder.getstate()
        try:
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                if not block:
                    raise InvalidLine(
                        name, line, f"the file ends inside a character in {encoding}: get it again"
                    ) from None
                # The decoder has kept the first bytes of a character from the block before.
                kept = len(before[0])
                decoder.setstate(before)
                line += decoder.decode(error.object[kept : error.start]).count("\n")
                at = number(size - kept + error.start + 1)
                reason = f"byte 0x{error.object[error.start]:02x} at byte {at} of the file is not {encoding}"
                raise InvalidLine(name, line, f"{reason}: name the encoding that it has") from None
        except UnicodeError:
            # UTF-16 or UTF-32 without a mark; then the bytes before a wrong one cannot be decoded either.
            reason = f"the file is not {encoding}, or has no byte order mark: name the encoding, such as {encoding}-le"
            raise InvalidLine(name, line, reason) from None
        line += text.count("\n")
        size += len(block)
        yield text.encode()
