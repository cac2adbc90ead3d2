"""Followers, consumers, exports and copies go on with their cursor files after their journal was moved by `copy`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from esjournal.journal.journal import initialise, open_journal
from tests.helpers.events import OTHER_ID, event, sequence
from tests.helpers.program import invoke, refused
from tests.helpers.stores import journal_with


@pytest.fixture
def old(tmp_path: Path) -> str:
    return journal_with(f"sqlite:///{tmp_path / 'old.db'}", sequence(5))


@pytest.fixture
def cursor(old: str, tmp_path: Path) -> str:
    """A cursor after three of five events."""
    path = str(tmp_path / "c")
    assert invoke("export", "--limit", "3", "--cursor-file", path, url=old).exit_code == 0
    return path


@pytest.fixture
def new(old: str, cursor: str, store_url: str) -> str:
    """The journal that continues it, with one event of its own."""
    initialise(store_url)
    assert invoke("copy", old, store_url).exit_code == 0
    with open_journal(store_url) as journal:
        journal.events.append(event(of=OTHER_ID))
    return store_url


def journal_id(url: str) -> str:
    with open_journal(url) as journal:
        return journal.journal_id


def saved(cursor: str) -> tuple[str, int]:
    found = json.loads(Path(cursor).read_text())
    return found["journal_id"], found["global_position"]


def positions(text: str) -> list[int]:
    return [json.loads(line)["global_position"] for line in text.splitlines()]


def test_an_export_goes_on_and_its_file_then_names_the_new_journal(old: str, new: str, cursor: str) -> None:
    assert saved(cursor) == (journal_id(old), 3)
    assert positions(invoke("export", "--cursor-file", cursor, url=new).stdout) == [4, 5, 6]
    assert saved(cursor) == (journal_id(new), 6)
    assert invoke("export", "--cursor-file", cursor, url=new).stdout == ""
    refused(invoke("export", "--cursor-file", cursor, url=old), 2, f"is a cursor of the journal {journal_id(new)}")


def test_a_consumer_goes_on_and_its_file_names_the_new_journal_from_the_first_event_on(
    new: str, cursor: str, tmp_path: Path
) -> None:
    got = tmp_path / "got"
    first = invoke("--url", new, "each", "--cursor-file", cursor, "--retries", "0", "--", "false")
    assert first.exit_code == 6
    assert saved(cursor) == (journal_id(new), 3)
    each = ("--url", new, "each", "--cursor-file", cursor, "--", "sh", "-c", f"cat >> {got}")
    assert invoke(*each).exit_code == 0
    assert positions(got.read_text()) == [4, 5, 6]
    assert saved(cursor) == (journal_id(new), 6)


def test_cursor_says_how_far_behind_the_new_journal_it_is(old: str, new: str, cursor: str) -> None:
    found = json.loads(invoke("cursor", cursor, "-F", "json", url=new).stdout)
    assert (found["misfit"], found["events_behind"]) == (None, 3)
    assert (found["journal_id"], found["global_position"]) == (journal_id(old), 3)


def test_a_copy_goes_on_from_the_new_journal(new: str, cursor: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    initialise(other)
    assert "3 read, 3 appended" in invoke("copy", "--cursor-file", cursor, new, other).stderr
    assert saved(cursor) == (journal_id(new), 6)


def test_a_cursor_beyond_the_move_is_refused_everywhere(old: str, new: str, cursor: str) -> None:
    with open_journal(old) as journal:
        journal.events.append(event(1, of=OTHER_ID))
    assert invoke("export", "--cursor-file", cursor, url=old).exit_code == 0
    reason = "continues from its position 5 only: copy the events after that from it too, or name a cursor file of its"
    refused(invoke("export", "--cursor-file", cursor, url=new), 2, reason)
    refused(invoke("log", "-f", "--cursor-file", cursor, url=new), 2, reason)
    refused(invoke("--url", new, "each", "--cursor-file", cursor, "--", "true"), 2, reason)
    result = invoke("cursor", cursor, url=new)
    assert result.exit_code == 1
    assert reason in result.stderr
    assert saved(cursor) == (journal_id(old), 6)


def test_info_shows_what_a_journal_continues(old: str, new: str) -> None:
    assert f"continues             {journal_id(old)} up to 5\n" in invoke("info", url=new).stdout
    found = json.loads(invoke("info", "-F", "json", url=new).stdout)
    assert found["continues"] == [{"journal_id": journal_id(old), "position_there": 5, "position_here": 5}]
    assert json.loads(invoke("info", "-F", "json", url=old).stdout)["continues"] == []
    assert "continues" not in invoke("info", url=old).stdout


def test_a_journal_that_continues_another_one_is_sound(old: str, new: str) -> None:
    assert invoke("verify", url=new).exit_code == 0
    assert invoke("init", url=new).exit_code == 0
    assert f"{journal_id(old)} up to 5" in invoke("info", url=new).stdout
