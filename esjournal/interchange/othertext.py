"""Recognises a text that is not events in the expected format, by its beginning: one message instead of one a line."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator

import msgspec

from esjournal.advice import quoted
from esjournal.domain.choices import FileFormat
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.text import shortened
from esjournal.interchange.inputkinds import csv_options, format_of_text
from esjournal.interchange.jsondocuments import EXPECTED, is_json_over_lines

_BOM = b"\xef\xbb\xbf"
_EVENT = b'{"originator_id":'
_NAMES = {name.encode() for name in (*RecordedEvent._fields, "sequence_name", "reject", "seal")}
_NAME_OR_BRACKET = re.compile(rb'"((?:[^"\\]++|\\.)*+)"(\s*+:)?|[\[\]{}]', re.DOTALL)
# The open brackets around the name of a member of an event: in an object, or in one of an array.
_AROUND_A_NAME = (b"{", b"[{")


def reason_not_ndjson(first: bytes) -> str | None:
    """Return why no line of an input can be an event, and what is expected; None if one of the first lines may be one.

    Args:
        first: its first bytes, at least some thousands if it has as many.
    """
    text = first.removeprefix(_BOM).lstrip()
    # A byte that is not UTF-8 is reported with its line by whatever reads on.
    if text.startswith(_EVENT) or not _is_utf_8(text):
        return None
    if options := csv_options(text):
        or_name = "" if "--delimiter" in options else "give the file a name that ends in .csv, or "
        return f"this is CSV: {or_name}import it with {' '.join(map(quoted, options))}"
    lines = [line for line in text.split(b"\n") if line.strip()]
    if not text.startswith((b"{", b"[")):
        if len(lines) < 2 or any(line.lstrip().startswith(b"{") for line in lines):
            return None
        return f"this is not JSON: expected {EXPECTED}; found {_shown(lines[0])}"
    is_document = is_json_over_lines(text) or _value(text) is not None
    if not is_document and any(_is_like_an_event(line) for line in lines):
        return None
    names = list(_names(text))
    if not names or not _NAMES.isdisjoint(names):
        return None
    return f"this is JSON, but not an event: expected {EXPECTED}; found the member {_shown(names[0])}"


def reason_not_csv(first: bytes) -> str | None:
    """Return why an input is not CSV, and what to do; None if it may be.

    Args:
        first: its first bytes, at least some thousands if it has as many.
    """
    if format_of_text(first) is not FileFormat.NDJSON:
        return None
    return "this is NDJSON: give the file a name that ends in .ndjson, or import it with --format ndjson"


def _is_utf_8(text: bytes) -> bool:
    """Say whether a text that may be cut off is UTF-8."""
    try:
        getincrementaldecoder("utf-8")().decode(text)
    except UnicodeDecodeError:
        return False
    return True


def _is_like_an_event(line: bytes) -> bool:
    value = _value(line)
    return isinstance(value, dict) and not _NAMES.isdisjoint(map(str.encode, value))


def _value(text: bytes) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _names(text: bytes) -> Iterator[bytes]:
    """Yield the names of members that are not inside of another member, up to the end of what is there."""
    around = bytearray()
    for found in _NAME_OR_BRACKET.finditer(text):
        if found[1] is not None:
            if found[2] is not None and around in _AROUND_A_NAME:
                yield found[1]
        elif found[0] in b"[{":
            around += found[0]
        else:
            del around[-1:]


def _shown(text: bytes) -> str:
    return shortened(text.decode(errors="backslashreplace").strip(), 40)
