"""What may complete a word on the command line, from the journal in a SQLite file: quickly, or not at all."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from esjournal.domain.beginnings import completions, first_among
from esjournal.domain.choices import Completed
from esjournal.filepaths import check_links

# How long the journal is read; what was found until then counts.
_SECONDS = 0.08
# No index has the event types. These many events are read at the end of the journal, and as many anywhere in it.
_EVENTS_READ = 5_000
# The next multiple of it, without the whole number, is always in the largest gap between the others.
_GOLDEN_RATIO = 0.6180339887498949
_STEPS_BETWEEN_LOOKS = 1_000
_PART_OF_ID = re.compile(r"[0-9a-f-]+")


def completions_in_file(path: str, wanted: Completed, word: str, most: int) -> list[str]:
    """Return what may complete a word.

    Nothing is written, and no lock is waited for. A journal that is missing, locked or damaged has no completions.

    Args:
        path: the journal's file.
        wanted: what the word is the beginning of.
        word: what was written so far.
        most: how many completions there may be, of names and of ids.
    """
    deadline = time.monotonic() + _SECONDS
    try:
        with closing(_opened(path)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
            # A view in a foreign file must not call functions that do more than compute.
            connection.execute("PRAGMA trusted_schema = OFF")
            if wanted is Completed.TYPES:
                return _completing_types(connection, word, most, deadline)
            names = _completing(connection, "name", "sequence_names", word, most)
            is_id = _PART_OF_ID.fullmatch(word) if word else not names
            if wanted is Completed.SEQUENCES and is_id:
                return names + _completing(connection, "originator_id", "stored_events", word, most)
            return names
    except (OSError, sqlite3.Error):
        return []


def _opened(path: str) -> sqlite3.Connection:
    check_links(Path(path))
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
        raise FileNotFoundError
    path = os.path.realpath(path)
    # A connection that only reads leaves an empty WAL if there is none: then SQLite reads the file alone.
    # That promises that nobody writes. If somebody does meanwhile, a completion may be wrong or missing, and no more.
    mode = "ro" if any(map(_has_content, (f"{path}-wal", f"{path}-journal"))) else "ro&immutable=1"
    return sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode={mode}", uri=True, timeout=0, isolation_level=None)


def _has_content(path: str) -> bool:
    return os.path.exists(path) and os.path.getsize(path) > 0  # noqa: PTH110, PTH202


def _completing(connection: sqlite3.Connection, column: str, table: str, word: str, most: int) -> list[str]:
    select = f"SELECT {column} FROM {table} WHERE {column} >= ? ORDER BY {column} LIMIT 1"

    def first(text: str) -> str | None:
        row: tuple[str] | None = connection.execute(select, (text,)).fetchone()
        return None if row is None else row[0]

    try:
        return completions(word, first, most)
    except sqlite3.OperationalError:
        # A journal of version 1 has no names, and each question has an end.
        return []


def _completing_types(connection: sqlite3.Connection, word: str, most: int, deadline: float) -> list[str]:
    return completions(word, first_among(sorted(_types(connection, deadline))), most)


def _types(connection: sqlite3.Connection, deadline: float) -> set[str]:
    """Return the types of the latest events, and of events from everywhere in the journal: what was seen in time."""
    found: set[str] = set()
    latest = "SELECT event_type, global_position FROM stored_events ORDER BY global_position DESC LIMIT ?"
    next_one = "SELECT event_type FROM stored_events WHERE global_position > ? ORDER BY global_position LIMIT 1"
    try:
        position = 0
        for event_type, position in connection.execute(latest, (_EVENTS_READ,)):  # noqa: B007
            found.add(event_type)
        for number in range(_EVENTS_READ if position > 1 else 0):
            if time.monotonic() > deadline:
                break
            between = int(number * _GOLDEN_RATIO % 1 * position)
            found.update(connection.execute(next_one, (between,)).fetchone())
    except sqlite3.OperationalError:
        pass
    return found
