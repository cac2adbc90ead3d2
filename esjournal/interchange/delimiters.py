"""What separates the fields of a row of CSV: what the user says, what the first line says, or else the file's name."""

from __future__ import annotations

import re

from esjournal.advice import command
from esjournal.domain.model.rules import has_surrogate
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.bytestreams import ByteStream
from esjournal.interchange.formats import TAB, USUAL_DELIMITERS, delimiter_by_name, delimiter_option

_TAB_NAMES = ("tab", r"\t")
_NEVER = '"\r\n\0'

# The line above the header that Excel reads, and that other programs write for it.
_SEP_LINE = re.compile(rb'(?:\xef\xbb\xbf)?("?)sep=([^\r\n]*?)\1\r?(?:\n|\Z)', re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"


def checked_delimiter(text: str) -> str:
    r"""Return a delimiter; a tab may be given as `tab` or `\t`.

    Raises:
        InvalidData: it is not one character, or it cannot separate fields.
    """
    if text.lower() in _TAB_NAMES:
        return TAB
    if len(text) != 1 or text in _NEVER or text.isalnum() or has_surrogate(text):
        raise InvalidData(f"{shortened(text)} is not a delimiter: give one character, such as ';', or tab")
    return text


def delimiter_of(stream: ByteStream, given: str | None = None) -> str:
    """Return what separates the fields of CSV text.

    Args:
        stream: CSV text; reading begins with its first line again.
        given: the delimiter that the user names, if any.

    Raises:
        InvalidLine: the first line names no delimiter or not the user's, or the header has a different one.
    """
    first = stream.beginning()
    sep_line = _SEP_LINE.match(first)
    named = None if sep_line is None else _named(sep_line, stream.name)
    if named is not None and given is not None and named != given:
        reason = f"the line says that the delimiter is {_shown(named)}, and --delimiter says {_shown(given)}"
        raise InvalidLine(stream.name, 1, f"{reason}: leave out --delimiter, or remove the line")
    delimiter = named or given or delimiter_by_name(stream.name)
    text = first[sep_line.end() if sep_line is not None else 0 :].removeprefix(_BOM).lstrip()
    if (found := _other_delimiter(text.partition(b"\n")[0].decode(errors="replace"), delimiter)) is not None:
        line = 1 + first.count(b"\n", 0, len(first) - len(text))
        advice = f"{command('import', *delimiter_option(found))} reads it"
        if sep_line is not None:
            advice = "correct the line sep="
        raise InvalidLine(stream.name, line, f"the header has {_shown(found)} instead of {_shown(delimiter)}: {advice}")
    return delimiter


def has_sep_line(first: bytes) -> bool:
    """Say whether the first line of CSV text names the delimiter, such as `sep=;`, and is not the header."""
    return _SEP_LINE.match(first) is not None


def _named(sep_line: re.Match[bytes], name: str) -> str:
    try:
        return checked_delimiter(sep_line[2].decode(errors="surrogateescape"))
    except InvalidData as error:
        raise InvalidLine(name, 1, f"the line sep= names no delimiter: {error}") from None


def _other_delimiter(header: str, expected: str) -> str | None:
    """Return the usual delimiter that a header has if it does not have the expected one."""
    if expected in header:
        return None
    found = max(USUAL_DELIMITERS, key=header.count)
    return found if found in header else None


def _shown(delimiter: str) -> str:
    return "a tab" if delimiter == TAB else repr(delimiter)
