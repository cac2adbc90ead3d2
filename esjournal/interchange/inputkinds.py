"""Recognises an input by its first bytes, whatever its name is, and says how to convert one that cannot be read."""

from __future__ import annotations

from enum import Enum

from esjournal.advice import quoted
from esjournal.interchange.formats import STANDARD_STREAM

_ZSTD_SKIPPABLE_END = b"\x2a\x4d\x18"
_TAR_MAGIC_AT = 257
# This many bytes are enough to recognise UTF-16: NDJSON and CSV in UTF-8 have no zero bytes.
_UTF_16_BYTES = 16


class Compression(Enum):
    """A compression that can be read, by its first bytes."""

    GZIP = b"\x1f\x8b"
    ZSTD = b"\x28\xb5\x2f\xfd"


# The first bytes of other inputs, what they are, and the command that writes them to standard output, if there is one.
_OTHERS = (
    (b"\xfd7zXZ\0", "compressed by xz", "xz -dc {file}"),
    (b"BZh", "compressed by bzip2", "bzip2 -dc {file}"),
    (b"\x04\x22\x4d\x18", "compressed by lz4", "lz4 -dc {file}"),
    (b"LZIP", "compressed by lzip", "lzip -dc {file}"),
    (b"\xff\x06\0\0sNaPpY", "compressed by snappy", "snzip -dc {file}"),
    (b"\x1f\x9d", "compressed by compress", "gzip -dc {file}"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z e -so {file}"),
    (b"Rar!\x1a\x07", "a RAR archive", "unrar p -inul {file}"),
    (b"\xff\xfe\0\0", "text in UTF-32", "iconv -f UTF-32 -t UTF-8 {file}"),
    (b"\0\0\xfe\xff", "text in UTF-32", "iconv -f UTF-32 -t UTF-8 {file}"),
    (b"\xff\xfe", "text in UTF-16", "iconv -f UTF-16 -t UTF-8 {file}"),
    (b"\xfe\xff", "text in UTF-16", "iconv -f UTF-16 -t UTF-8 {file}"),
    (b"PAR1", "Parquet", """duckdb -c ".mode jsonlines" -c "FROM read_parquet('{name}')" """),
    (b"SQLite format 3\0", "a SQLite database", "esjournal --url sqlite:///{file} export"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", None),
    (b"ARROW1", "Arrow", None),
    (b"Obj\x01", "Avro", None),
    (b"ORC", "ORC", None),
    (b"%PDF", "a PDF", None),
    (b"-----BEGIN PGP MESSAGE", "encrypted by PGP", "gpg --decrypt {file}"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file", None),
)
_UNZIP = "unzip -p {file}"
_ADVICE = {
    "an Excel workbook": "save it as CSV in UTF-8",
    "a pointer of Git LFS, not the file": "get the file with `git lfs pull`",
}


def compression_of(first: bytes) -> Compression | None:
    """Return the compression of an input, even if it is cut off within its first bytes."""
    if first[1:4] == _ZSTD_SKIPPABLE_END and 0x50 <= first[0] <= 0x5F:
        return Compression.ZSTD
    for compression in Compression:
        if first.startswith(compression.value) or (1 < len(first) < 4 and compression.value.startswith(first)):
            return compression
    return None


def unreadable(first: bytes, path: str, name: str) -> str | None:
    """Return what an unreadable input is, and what to do; None if it may be NDJSON or CSV.

    Args:
        first: its first bytes, at least some hundred if it has as many.
        path: the file, or `-` for standard input.
        name: its name in messages.
    """
    what, command = _what(first)
    if what is None:
        return None
    if command is None:
        advice = _ADVICE.get(what, "convert it to NDJSON or CSV")
    elif command == _UNZIP and path == STANDARD_STREAM:
        advice = "write it to a file first, because unzip does not read standard input"
    else:
        command = command.format(file=quoted(path), name=path).strip()
        advice = f"`{command} | esjournal import -` reads it"
    return f"{name} is {what}: {advice}"


def _what(first: bytes) -> tuple[str | None, str | None]:
    for start, what, command in _OTHERS:
        if first.startswith(start):
            return what, command
    if first.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        if b"[Content_Types].xml" in first or b"xl/" in first:
            return "an Excel workbook", None
        return "a zip archive", _UNZIP
    if first[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == b"ustar":
        return "a tar archive", "tar -xOf {file}"
    if (text := _text_of_wide_units(first)) is not None:
        return f"text in {text}", f"iconv -f {text} -t UTF-8 {{file}}"
    if first.lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page or XML", None
    return None, None


def _text_of_wide_units(first: bytes) -> str | None:
    """Return the encoding of text without a byte order mark if its ASCII characters have zero bytes beside them."""
    some = first[:_UTF_16_BYTES]
    if len(some) < 4 or not some.strip(b"\0"):
        return None
    for encoding, width, at in (("UTF-32LE", 4, 0), ("UTF-32BE", 4, 3), ("UTF-16LE", 2, 0), ("UTF-16BE", 2, 1)):
        whole = some[: len(some) // width * width]
        others = [whole[other::width] for other in range(width) if other != at]
        if whole and all(whole[at::width]) and not any(map(any, others)):
            return encoding
    return None
