"""Rows in the text format of PostgreSQL's COPY, a column at a time."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from esjournal.infrastructure.sqlalchemy.session import Row

# COPY, "Text Format": what stands for itself nowhere in a field.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_SPECIAL = "\\\t\n\r"


def write_rows(copy: psycopg.Copy, first: int | None, rows: list[Row]) -> None:
    """Write rows to a COPY.

    Args:
        copy: one of `AppendStatements.copy`.
        first: the global position of the first row, where they bring theirs; None where the server gives them out.
        rows: in the driver's form.
    """
    text = _copy_text(first, rows)
    if text is not None:
        copy.write(text)
    elif first is None:
        for row in rows:
            copy.write_row(row)
    else:
        for position, row in enumerate(rows, first):
            copy.write_row((position, *row))


def _copy_text(first: int | None, rows: list[Row]) -> str | None:
    """Return rows in COPY's text format, numbered or not, or None where a field is neither text nor an integer.

    Row by row, psycopg takes 0.8 microseconds for what takes 0.4 a column at a time.
    """
    columns: list[Iterable[str]] = [] if first is None else [map(str, range(first, first + len(rows)))]
    for column in zip(*rows, strict=True):
        kinds = set(map(type, column))
        if kinds == {int}:
            columns.append(map(str, column))
        elif all(issubclass(kind, str) for kind in kinds):
            together = "".join(column)
            special = any(character in together for character in _SPECIAL)
            columns.append([value.translate(_ESCAPES) for value in column] if special else column)
        else:
            return None
    return "\n".join(map("\t".join, zip(*columns, strict=True))) + "\n"
