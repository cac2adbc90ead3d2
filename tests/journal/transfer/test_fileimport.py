"""Imports of files from Python: what is written, rejected and reported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from esjournal.exceptions import StoreError, UnusableFile
from esjournal.interchange.inputfiles import Files
from esjournal.journal.journal import initialise
from esjournal.journal.transfer.fileimport import import_files
from esjournal.journal.transfer.options import Progress, TransferOptions, TypeRules
from tests.helpers.events import OTHER_ID, event, sequence
from tests.helpers.stores import file_with, journal_with, stored


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of three events, of which the second conflicts with the journal of `with_conflict`."""
    return file_with(tmp_path / "events.ndjson", sequence(3))


@pytest.fixture
def with_conflict(store_url: str) -> str:
    return journal_with(store_url, [event(1, '{"other":true}')])


def test_the_events_of_files_are_appended(store_url: str, file: Path, tmp_path: Path) -> None:
    initialise(store_url)
    more = file_with(tmp_path / "more.ndjson", sequence(2, of=OTHER_ID))
    imported = import_files(store_url, Files([str(file), str(more)]))
    assert (imported.outcome.appended, imported.is_given_up, imported.unused_rules) == (5, False, [])
    assert len(stored(store_url)) == 5


def test_a_conflict_is_reported_and_nothing_is_written(with_conflict: str, file: Path) -> None:
    imported = import_files(with_conflict, Files([str(file)]))
    assert imported.is_given_up
    assert [found.event for found in imported.outcome.first_conflicts] == sequence(3)[1:2]
    assert len(stored(with_conflict)) == 1


def test_with_rejects_the_rest_is_appended(with_conflict: str, file: Path, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.ndjson"
    imported = import_files(with_conflict, Files([str(file)]), TransferOptions(rejects=str(rejects)))
    assert (imported.outcome.appended, imported.outcome.conflicts, imported.is_given_up) == (2, 1, False)
    [line] = rejects.read_text().splitlines()
    assert json.loads(line)["originator_version"] == 1
    assert len(stored(with_conflict)) == 3


def test_more_rejects_than_allowed_leave_nothing_and_no_file(with_conflict: str, file: Path, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.ndjson"
    options = TransferOptions(rejects=str(rejects), max_rejects=0)
    assert import_files(with_conflict, Files([str(file)]), options).is_given_up
    assert not rejects.exists()
    assert len(stored(with_conflict)) == 1


def test_a_dry_run_tells_what_would_happen(store_url: str, file: Path) -> None:
    initialise(store_url)
    imported = import_files(store_url, Files([str(file)]), TransferOptions(dry_run=True))
    assert (imported.outcome.appended, imported.outcome.committed, imported.is_given_up) == (3, False, False)
    assert stored(store_url) == []


def test_a_type_rule_that_no_event_matched_is_reported(store_url: str, file: Path) -> None:
    initialise(store_url)
    options = TransferOptions(types=TypeRules({"a.b#C": "orders#Placed"}, skipped_types=["x#*"]))
    assert import_files(store_url, Files([str(file)]), options).unused_rules == ["--skip-type 'x#*'"]
    assert {found.event_type for found in stored(store_url)} == {"orders#Placed"}


def test_rejects_never_replace_the_file_that_is_read(store_url: str, file: Path) -> None:
    initialise(store_url)
    before = file.read_bytes()
    with pytest.raises(UnusableFile, match="is named twice"):
        import_files(store_url, Files([str(file)]), TransferOptions(rejects=str(file)))
    assert file.read_bytes() == before


def test_a_journal_that_is_missing_is_not_made(file: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        import_files(str(tmp_path / "none.db"), Files([str(file)]))
    assert not (tmp_path / "none.db").exists()


def test_the_number_of_events_so_far_is_passed_on(store_url: str, file: Path) -> None:
    initialise(store_url)
    told: list[int] = []

    @contextmanager
    def progress() -> Iterator[Progress]:
        yield told.append
        told.append(-1)

    import_files(store_url, Files([str(file)]), progress=progress)
    assert told == [3, -1]
