"""Recognises an input by its first bytes, whatever its name is, and says how to convert one that cannot be read."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from esjournal.advice import quoted
from esjournal.domain.choices import FileFormat
from esjournal.domain.model.recordedevent import SEQUENCE_NAME, RecordedEvent
from esjournal.interchange.formats import COMMA, STANDARD_STREAM, USUAL_DELIMITERS, delimiter_option
from esjournal.interchange.textencodings import UTF_8, checked_encoding, encodings_by_bytes

_ZSTD_SKIPPABLE_END = b"\x2a\x4d\x18"
_TAR_MAGIC_AT = 257
_BOM = b"\xef\xbb\xbf"
# The fields that say which sequence an event is of, and the others that every event has.
_NAMING = (RecordedEvent._fields[0], SEQUENCE_NAME)
_REQUIRED = RecordedEvent._fields[1:4]
_SEP_LINE = re.compile(rb'"?sep=', re.IGNORECASE)


class Compression(Enum):
    """A compression that can be read, by its first bytes."""

    GZIP = b"\x1f\x8b"
    ZSTD = b"\x28\xb5\x2f\xfd"


class _Kind(NamedTuple):
    """What an input is.

    `command` writes its content to standard output, if there is one, `is_packed` says whether the content may be of any
    kind, and `encodings` are those that read it, if it is text in UTF-16 or UTF-32.
    """

    what: str
    command: str = ""
    is_packed: bool = False
    encodings: tuple[str, ...] = ()


_COMPRESSED = {
    Compression.GZIP: _Kind("compressed by gzip", "gzip -dc {file}", is_packed=True),
    Compression.ZSTD: _Kind("compressed by zstd", "zstd -dc {file}", is_packed=True),
}
_UNZIP = "unzip -p {file}"
# The first bytes of other inputs, what they are, and the command, if there is one.
_PACKED = (
    (b"\xfd7zXZ\0", "compressed by xz", "xz -dc {file}"),
    (b"BZh", "compressed by bzip2", "bzip2 -dc {file}"),
    (b"\x04\x22\x4d\x18", "compressed by lz4", "lz4 -dc {file}"),
    (b"LZIP", "compressed by lzip", "lzip -dc {file}"),
    (b"\xff\x06\0\0sNaPpY", "compressed by snappy", "snzip -dc {file}"),
    (b"\x1f\x9d", "compressed by compress", "gzip -dc {file}"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z e -so {file}"),
    (b"Rar!\x1a\x07", "a RAR archive", "unrar p -inul {file}"),
    (b"-----BEGIN PGP MESSAGE", "encrypted by PGP", "gpg --decrypt {file}"),
)
_OTHERS = (
    (b"PAR1", "Parquet", """duckdb -c ".mode jsonlines" -c "FROM read_parquet('{name}')" """),
    (b"SQLite format 3\0", "a SQLite database", "esjournal --url sqlite:///{file} export"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", ""),
    (b"ARROW1", "Arrow", ""),
    (b"Obj\x01", "Avro", ""),
    (b"ORC", "ORC", ""),
    (b"%PDF", "a PDF", ""),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file", ""),
)
_PACKED_NAMES = (".gz", ".zst", ".xz", ".bz2", ".lz4", ".lz", ".sz", ".z", ".zip", ".7z", ".rar", ".tar", ".asc")
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


def format_of_text(first: bytes) -> FileFormat | None:
    """Return the format of a text of events, whatever its name is; None for any other input.

    Args:
        first: its first bytes, at least some thousands if it has as many.
    """
    text = first.removeprefix(_BOM).lstrip()
    if text.startswith((b"{", b"[")):
        return FileFormat.NDJSON if any(f'"{name}"'.encode() in text for name in _NAMING) else None
    return FileFormat.CSV if csv_options(first) else None


def csv_options(first: bytes) -> tuple[str, ...]:
    """Return the options with which CSV of events is imported, whatever its name is; none for any other text.

    Args:
        first: its first bytes, at least some thousands if it has as many.
    """
    header, _, rest = first.removeprefix(_BOM).lstrip().partition(b"\n")
    names_delimiter = _SEP_LINE.match(header) is not None
    if names_delimiter:
        header = rest.partition(b"\n")[0]
    for delimiter in USUAL_DELIMITERS:
        columns = {column.strip().strip('"') for column in header.decode(errors="replace").split(delimiter)}
        if columns.issuperset(_REQUIRED) and columns.intersection(_NAMING):
            has_default = names_delimiter or delimiter == COMMA
            return ("--format", "csv", *(() if has_default else delimiter_option(delimiter)))
    return ()


def not_a_journal(first: bytes, path: str, compression: Compression | None) -> str | None:
    """Return what a file is that was named as a journal, and the command that uses it; None if it is not known.

    Args:
        first: its first bytes, decompressed, at least some thousands if it has as many.
        path: the file.
        compression: how it is compressed.
    """
    if (text := format_of_text(first)) is not None:
        what = text.upper() if compression is None else _compressed(text.upper(), compression).what
        words = " ".join(map(quoted, ("esjournal", "import", *csv_options(first), path)))
        return f"{path} is {what}: `{words}` reads it"
    kind = _kind(first)
    if compression is not None:
        kind = _compressed(None if kind is None else kind.what, compression)
    if kind is not None and kind.is_packed:
        return f"{path} is {kind.what}: {_unpack_it(kind, path)}"
    return unreadable(first, path, path)


def unreadable(
    first: bytes, path: str, name: str, compression: Compression | None = None, encoding: str = UTF_8
) -> str | None:
    """Return what an unreadable input is, and what to do; None if it may be NDJSON or CSV.

    Args:
        first: its first bytes, decompressed, at least some hundred if it has as many.
        path: the file, or `-` for standard input.
        name: its name in messages.
        compression: how it is compressed.
        encoding: the encoding of its text, as `checked_encoding` returns it.
    """
    kind = _kind(first)
    if kind is None or encoding in map(checked_encoding, kind.encodings):
        return None
    if kind.encodings:
        advice = f"`esjournal import --encoding {kind.encodings[0]} {quoted(path)}` reads it"
    elif not kind.command:
        advice = _ADVICE.get(kind.what, "convert it to NDJSON or CSV")
    elif compression is not None:
        kind = _compressed(kind.what, compression)
        advice = _unpack_it(kind, path)
    elif kind.command == _UNZIP and path == STANDARD_STREAM:
        advice = "write it to a file first, because unzip does not read standard input"
    else:
        command = kind.command.format(file=quoted(path), name=path).strip()
        advice = f"`{command} | esjournal import -` reads it"
    return f"{name} is {kind.what}: {advice}"


def _compressed(what: str | None, compression: Compression) -> _Kind:
    """Return the kind of a compressed input; `what` is what it is when it is decompressed, if that is known."""
    outer = _COMPRESSED[compression]
    return outer if what is None else outer._replace(what=f"{what}, {outer.what}")


def _unpack_it(kind: _Kind, path: str) -> str:
    command = kind.command.format(file=quoted(path))
    if path == STANDARD_STREAM:
        return f"unpack it first: `{command}`"
    # The target must not exist: the shell would truncate it.
    target = Path(path).with_suffix("") if path.lower().endswith(_PACKED_NAMES) else Path(path)
    while target.exists():
        target = target.with_name(f"{target.name}.unpacked")
    return f"unpack it first: `{command} > {quoted(str(target))}`"


def _kind(first: bytes) -> _Kind | None:
    for kinds, is_packed in ((_PACKED, True), (_OTHERS, False)):
        for start, what, command in kinds:
            if first.startswith(start):
                return _Kind(what, command, is_packed)
    if first.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        if b"[Content_Types].xml" in first or b"xl/" in first:
            return _Kind("an Excel workbook")
        return _Kind("a zip archive", _UNZIP, is_packed=True)
    if first[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == b"ustar":
        return _Kind("a tar archive", "tar -xOf {file}", is_packed=True)
    if encodings := encodings_by_bytes(first):
        return _Kind(f"text in {encodings[0]}", encodings=encodings)
    if first.lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return _Kind("a web page or XML")
    return None
