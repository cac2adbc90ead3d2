"""Copies from Python: they are proven, and only then the cursor moves on."""

from __future__ import annotations

from pathlib import Path

import pytest

from esjournal.exceptions import InvalidURL, UnusableFile
from esjournal.journal.journal import initialise
from esjournal.journal.transfer.copying import Copied, copy_events
from esjournal.journal.transfer.options import CopyOptions
from tests.helpers.events import event, sequence
from tests.helpers.stores import execute, journal_with, stored


@pytest.fixture
def source(tmp_path: Path) -> str:
    return journal_with(f"sqlite:///{tmp_path / 'source.db'}", sequence(5))


def test_a_copy_is_proven(source: str, store_url: str) -> None:
    initialise(store_url)
    copied = copy_events(source, store_url)
    assert (copied.outcome.appended, copied.is_given_up) == (5, False)
    assert copied.proof is not None
    assert copied.proof.holds
    assert copied.proof.digest is not None
    assert stored(store_url) == stored(source)


def test_the_copy_is_reported_before_its_proof(source: str, store_url: str) -> None:
    initialise(store_url)
    told: list[Copied] = []
    copied = copy_events(source, store_url, on_copied=told.append)
    assert [one.proof for one in told] == [None]
    assert copied.proof is not None


@pytest.mark.parametrize("options", [CopyOptions(proven=False), CopyOptions(dry_run=True)], ids=["unproven", "dry run"])
def test_a_copy_need_not_be_proven(source: str, store_url: str, options: CopyOptions) -> None:
    initialise(store_url)
    assert copy_events(source, store_url, options).proof is None


def test_the_next_copy_begins_where_this_one_ended(source: str, store_url: str, tmp_path: Path) -> None:
    initialise(store_url)
    options = CopyOptions(cursor_file=str(tmp_path / "cursor"))
    assert copy_events(source, store_url, options).outcome.read == 5
    journal_with(source, [event(5)])
    assert copy_events(source, store_url, options).outcome.read == 1


def test_a_copy_that_is_not_proven_leaves_the_cursor_where_it_was(source: str, sqlite_url: str, tmp_path: Path) -> None:
    initialise(sqlite_url)
    cursor = tmp_path / "cursor"

    def lose_one(copied: Copied) -> None:
        execute(sqlite_url, "DELETE FROM stored_events WHERE originator_version = 3")

    copied = copy_events(source, sqlite_url, CopyOptions(cursor_file=str(cursor)), on_copied=lose_one)
    assert copied.proof is not None
    assert (copied.proof.holds, copied.proof.missing) == (False, 1)
    assert not cursor.exists()


def test_a_conflict_leaves_nothing_and_no_cursor(source: str, store_url: str, tmp_path: Path) -> None:
    journal_with(store_url, [event(2, '{"other":true}')])
    cursor = tmp_path / "cursor"
    copied = copy_events(source, store_url, CopyOptions(cursor_file=str(cursor)))
    assert copied.is_given_up
    assert not cursor.exists()
    assert len(stored(store_url)) == 1


def test_a_journal_is_not_copied_to_itself(source: str, tmp_path: Path) -> None:
    path = tmp_path / "source.db"
    with pytest.raises((InvalidURL, UnusableFile)):
        copy_events(source, str(path))
    assert len(stored(source)) == 5
