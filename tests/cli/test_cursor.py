"""`cursor`: how far a cursor came, and whether it fits."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from esjournal.domain.text import elapsed
from esjournal.journal.journal import open_journal
from tests.helpers.events import event, sequence
from tests.helpers.program import invoke, refused
from tests.helpers.stores import journal_with


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, sequence(3))


@pytest.fixture
def cursor(url: str, tmp_path: Path) -> str:
    """A cursor after two of three events."""
    path = str(tmp_path / "c")
    assert invoke("export", "--limit", "2", "--cursor-file", path, url=url).exit_code == 0
    return path


def test_lines_say_how_far_it_came(url: str, cursor: str) -> None:
    result = invoke("cursor", cursor, url=url)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = dict(re.split("  +", line) for line in result.stdout.splitlines())
    assert re.fullmatch(r"\d+ d( \d+ h)?", lines.pop("time behind"))
    with open_journal(url) as journal:
        assert lines == {
            "cursor file": cursor,
            "url": journal.shown_url,
            "journal id": journal.journal_id,
            "global position": "2",
            "last global position": "3",
            "events behind": "1",
            "fits": "yes",
        }


def test_json_has_the_same(url: str, cursor: str) -> None:
    found = json.loads(invoke("cursor", cursor, "-F", "json", url=url).stdout)
    assert (found["global_position"], found["events_behind"], found["misfit"]) == (2, 1, None)
    assert found["seconds_behind"] > 0


def test_nothing_is_behind_after_each_event_is_handled(url: str, cursor: str) -> None:
    assert invoke("--url", url, "each", "--cursor-file", cursor, "--", "true").exit_code == 0
    found = json.loads(invoke("cursor", cursor, "-F", "json", url=url).stdout)
    assert (found["global_position"], found["events_behind"], found["seconds_behind"]) == (3, 0, 0)


def test_a_cursor_of_another_journal_is_a_finding(url: str, cursor: str, tmp_path: Path) -> None:
    other = journal_with(str(tmp_path / "other.db"), [event()])
    result = invoke("cursor", cursor, url=other)
    assert (result.exit_code, "fits                  no\n" in result.stdout) == (1, True)
    assert "events behind" not in result.stdout
    assert re.fullmatch(f"esjournal: {cursor} is a cursor of the journal [^\n]*\n", result.stderr)
    found = invoke("cursor", cursor, "-F", "json", url=other)
    assert (found.exit_code, json.loads(found.stdout)["misfit"]) == (1, result.stderr.removeprefix("esjournal: ")[:-1])


def test_a_file_that_is_not_there_or_no_cursor_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    journal_with(sqlite_url, [])
    refused(invoke("cursor", str(tmp_path / "none"), url=sqlite_url), 2, "there is no cursor file")
    (tmp_path / "text").write_text("x")
    refused(invoke("cursor", str(tmp_path / "text"), url=sqlite_url), 2, "is not a cursor file")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (86_400, "1 d"),
        (90_061, "1 d 1 h"),
    ],
)
def test_long_times_are_in_their_two_largest_units(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text
