"""How far a cursor is behind: events, time, and whether it still fits."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from esjournal.exceptions import InvalidCursor, UnusableFile
from esjournal.journal.cursor import Cursor, cursor_at, save_cursor
from esjournal.journal.inspect.lag import lag
from esjournal.journal.journal import Journal
from tests.helpers.events import event, sequence

# The events of these tests were recorded at noon.
NOW = datetime(2026, 1, 31, 13, tzinfo=UTC)


@pytest.mark.parametrize(("at", "events", "seconds"), [(0, 3, 3_600.0), (1, 2, 3_600.0), (3, 0, 0.0)])
def test_it_counts_what_is_after_the_cursor_and_how_long_that_has_been_there(
    journal: Journal, tmp_path: Path, at: int, events: int, seconds: float
) -> None:
    journal.events.append(sequence(3))
    path = str(tmp_path / "cursor")
    save_cursor(path, cursor_at(journal, at))
    found = lag(journal, path, now=NOW)
    assert (found.global_position, found.last_global_position) == (at, 3)
    assert (found.events_behind, found.seconds_behind, found.misfit) == (events, seconds, None)
    assert (found.journal_id, found.url, found.cursor_file) == (journal.journal_id, journal.shown_url, path)


def test_only_the_first_event_after_the_cursor_says_for_how_long(journal: Journal, tmp_path: Path) -> None:
    times = ("2026-01-31T10:00:00.000000Z", "2026-01-31T12:59:00.000000Z", "2026-01-31T12:59:59.000000Z")
    journal.events.append(event(n)._replace(recorded_at=time) for n, time in enumerate(times))
    path = str(tmp_path / "cursor")
    save_cursor(path, cursor_at(journal, 1))
    assert lag(journal, path, now=NOW).seconds_behind == 60
    # The clock of the program that wrote it was ahead.
    assert lag(journal, path, now=datetime(2026, 1, 31, 12, tzinfo=UTC)).seconds_behind == 0


def test_a_cursor_that_does_not_fit_says_why(journal: Journal, tmp_path: Path) -> None:
    journal.events.append(sequence(2))
    path = str(tmp_path / "cursor")
    there = cursor_at(journal, 2)
    for cursor, reason in (
        (Cursor("another", 1, there.event_sha256), "is a cursor of the journal another"),
        (Cursor(journal.journal_id, 1, there.event_sha256), "has another event"),
        (Cursor(journal.journal_id, 9, there.event_sha256), "has no event"),
    ):
        save_cursor(path, cursor)
        found = lag(journal, path, now=NOW)
        assert found.misfit is not None
        assert reason in found.misfit
        assert (found.journal_id, found.global_position) == (cursor.journal_id, cursor.global_position)
        assert (found.events_behind, found.seconds_behind) == (None, None)


def test_what_is_not_a_cursor_is_refused(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "cursor"
    with pytest.raises(UnusableFile, match="there is no cursor file"):
        lag(journal, str(path), now=NOW)
    path.write_text("{}")
    with pytest.raises(InvalidCursor, match="is not a cursor file"):
        lag(journal, str(path), now=NOW)
