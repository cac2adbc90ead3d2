"""A journal that continues another one after a copy takes its cursors, and goes on right after their events."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from esjournal.domain.model.events import DomainEvent
from esjournal.domain.model.sequencenames import sequence_id
from esjournal.exceptions import InvalidCursor, StoreError
from esjournal.infrastructure.sqlalchemy.continuedjournals import ContinuedJournal, continued_journals
from esjournal.interchange import secondprocess
from esjournal.interchange.inputfiles import Files
from esjournal.journal.cursor import Cursor, cursor_at, position_after, save_cursor
from esjournal.journal.journal import initialise, open_journal
from esjournal.journal.journalstore import open_event_store
from esjournal.journal.read.criteria import Criteria
from esjournal.journal.transfer import continuing, copying
from esjournal.journal.transfer.copying import Copied, copy_events
from esjournal.journal.transfer.exporting import ExportOptions, export_file
from esjournal.journal.transfer.fileimport import Imported, import_files
from esjournal.journal.transfer.options import CopyOptions, TransferOptions, TypeRules
from tests.helpers.events import OTHER_ID, event, sequence
from tests.helpers.stores import execute, journal_with, stored


@pytest.fixture(params=list(product(["sqlite", "postgresql"], repeat=2)), ids="-to-".join)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The URLs of two stores, on each pair of databases; the second has an empty journal."""
    on, other_on = request.param
    one = f"sqlite:///{tmp_path / 'old.db'}" if on == "sqlite" else request.getfixturevalue("postgres_url")
    other = (
        f"sqlite:///{tmp_path / 'new.db'}" if other_on == "sqlite" else request.getfixturevalue("other_postgres_url")
    )
    initialise(other)
    return one, other


@pytest.fixture
def old(urls: tuple[str, str]) -> str:
    """A journal with five events."""
    return journal_with(urls[0], sequence(5))


@pytest.fixture
def new(urls: tuple[str, str]) -> str:
    """An empty journal."""
    return urls[1]


@pytest.fixture
def third(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'third.db'}"
    initialise(url)
    return url


def cursor(url: str, position: int) -> Cursor:
    with open_journal(url) as journal:
        return cursor_at(journal, position)


def identity(url: str) -> str:
    with open_journal(url) as journal:
        return journal.journal_id


def continues(url: str) -> dict[str, tuple[int, int]]:
    with open_journal(url) as journal:
        found = continued_journals(journal.events.session, journal.journal_id)
    return {each.journal_id: (each.position_there, each.position_here) for each in found}


def append(url: str, *states: str, of: str = OTHER_ID) -> None:
    with open_journal(url) as journal:
        journal.events.append([event(None, state, of=of) for state in states])


def delete(url: str, *positions: int) -> None:
    execute(url, *(f"DELETE FROM stored_events WHERE global_position = {position}" for position in positions))


def taken_at(url: str, cursor: Cursor, folder: Path) -> int:
    """Return the position after which a journal is read on from a cursor."""
    path = str(folder / "cursor")
    save_cursor(path, cursor)
    with open_journal(url) as journal:
        return position_after(journal, path)


def refusal(url: str, cursor: Cursor, folder: Path) -> str:
    with pytest.raises(InvalidCursor) as caught:
        taken_at(url, cursor, folder)
    return str(caught.value)


def copied(old: str, new: str, options: CopyOptions | None = None) -> Copied:
    found = copy_events(old, new, options)
    assert found.why_not_noted is None
    return found


def imported(old: str, new: str, path: Path, options: TransferOptions | None = None) -> Imported:
    """Export a journal as a sealed file, and import that into another one."""
    export_file(old, str(path), ExportOptions(sealed=True))
    found = import_files(new, Files([str(path)]), options)
    assert found.why_not_noted is None
    return found


# Cursors that are taken


def test_every_cursor_of_the_old_journal_goes_on_after_its_event(old: str, new: str, tmp_path: Path) -> None:
    copied(old, new)
    append(new, '{"new":1}')
    assert continues(new) == {identity(old): (5, 5)}
    for position in range(6):
        assert taken_at(new, cursor(old, position), tmp_path) == position


def test_positions_may_differ_where_events_of_the_old_journal_were_deleted(old: str, new: str, tmp_path: Path) -> None:
    append(old, *(f'{{"other":{number}}}' for number in range(4)))
    delete(old, 1, 4, 5, 8)
    copied(old, new)
    assert continues(new) == {identity(old): (9, 5)}
    places = {position: taken_at(new, cursor(old, position), tmp_path) for position in (2, 3, 6, 7, 9)}
    assert places == {2: 1, 3: 2, 6: 3, 7: 4, 9: 5}


def test_a_chain_of_moves_is_followed(old: str, new: str, third: str, tmp_path: Path) -> None:
    copied(old, new)
    append(new, '{"new":1}')
    copied(new, third)
    append(third, '{"third":1}')
    assert continues(third) == {identity(old): (5, 5), identity(new): (6, 6)}
    assert taken_at(third, cursor(old, 3), tmp_path) == 3
    assert taken_at(third, cursor(new, 6), tmp_path) == 6


def test_a_chain_goes_on_where_events_were_deleted_between_the_moves(
    old: str, new: str, third: str, tmp_path: Path
) -> None:
    cursors = {position: cursor(old, position) for position in range(6)}
    delete(old, 2)
    copied(old, new)
    append(new, '{"new":1}', '{"new":2}')
    # The third event of the old journal.
    delete(new, 2)
    copied(new, third)
    assert continues(third) == {identity(old): (5, 3), identity(new): (6, 5)}
    assert {position: taken_at(third, cursors[position], tmp_path) for position in (0, 1, 4, 5)} == {
        0: 0,
        1: 1,
        4: 2,
        5: 3,
    }
    for deleted in (2, 3):
        assert "but its event is not here" in refusal(third, cursors[deleted], tmp_path)


def test_copies_that_catch_up_with_a_cursor_continue_the_journal_further(old: str, new: str, tmp_path: Path) -> None:
    options = CopyOptions(cursor_file=str(tmp_path / "moving.cursor"))
    copied(old, new, options)
    append(old, '{"late":1}', '{"late":2}')
    delete(old, 6)
    copied(old, new, options)
    assert continues(new) == {identity(old): (7, 6)}
    assert taken_at(new, cursor(old, 7), tmp_path) == 6
    copied(old, new, options)
    assert continues(new) == {identity(old): (7, 6)}


def test_a_copy_from_the_beginning_again_continues_the_journal_further(old: str, new: str, tmp_path: Path) -> None:
    copied(old, new)
    append(old, '{"late":1}')
    copied(old, new)
    assert continues(new) == {identity(old): (6, 6)}
    assert taken_at(new, cursor(old, 6), tmp_path) == 6


def test_a_copy_that_ended_between_the_note_and_its_cursor_goes_on(old: str, new: str, tmp_path: Path) -> None:
    path = str(tmp_path / "moving.cursor")
    save_cursor(path, cursor(old, 2))
    copied(old, new)
    append(old, '{"late":1}')
    # The cursor stayed where it was, before what is noted.
    copied(old, new, CopyOptions(cursor_file=path))
    assert continues(new) == {identity(old): (6, 6)}


def test_a_copy_that_was_cut_off_and_finished_is_one_from_the_beginning(old: str, new: str, tmp_path: Path) -> None:
    copied(old, new, CopyOptions(proven=False))
    assert continues(new) == {}
    copied(old, new)
    assert taken_at(new, cursor(old, 4), tmp_path) == 4


def test_a_copy_whose_proof_was_cut_off_leaves_no_note(
    old: str, new: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(copying, "prove", cut)
        with pytest.raises(KeyboardInterrupt):
            copy_events(old, new)
    assert continues(new) == {}
    assert "name a cursor file of its own" in refusal(new, cursor(old, 4), tmp_path)


def test_events_with_names_metadata_and_ids_keep_their_cursors(urls: tuple[str, str], tmp_path: Path) -> None:
    old, new = urls
    initialise(old)
    with open_event_store(old) as store:
        store.append(
            DomainEvent(originator_id=sequence_id("order-1"), originator_version=0, paid=1.5),
            name="order-1",
            metadata={"user": "ann"},
        )
        kept = store.cursor()
    copied(old, new)
    assert taken_at(new, kept, tmp_path) == 1


def test_a_follower_of_the_library_goes_on_in_the_new_journal(old: str, new: str) -> None:
    with open_event_store(old) as store:
        kept = store.cursor(3)
    copied(old, new)
    with open_event_store(new) as store:
        coming = list(store.follow(kept, timeout=0))
        assert [found.position for found in coming] == [4, 5]
        assert coming[0].cursor.journal_id == identity(new) != kept.journal_id


def test_an_import_of_a_sealed_whole_export_continues_its_journal(old: str, new: str, tmp_path: Path) -> None:
    append(old, '{"other":1}', '{"other":2}')
    delete(old, 2, 6)
    imported(old, new, tmp_path / "all.ndjson.gz")
    assert continues(new) == {identity(old): (7, 5)}
    append(new, '{"new":1}')
    places = {position: taken_at(new, cursor(old, position), tmp_path) for position in (0, 1, 3, 4, 5, 7)}
    assert places == {0: 0, 1: 1, 3: 2, 4: 3, 5: 4, 7: 5}
    append(old, '{"late":1}')
    assert "from its position 7 only" in refusal(new, cursor(old, 8), tmp_path)


def test_a_chain_of_copies_and_imports_is_followed(old: str, new: str, third: str, tmp_path: Path) -> None:
    kept = cursor(old, 4)
    copied(old, new)
    append(new, '{"new":1}')
    delete(new, 2)
    imported(new, third, tmp_path / "all.ndjson", TransferOptions(commit_every=2))
    assert continues(third) == {identity(old): (5, 4), identity(new): (6, 5)}
    assert taken_at(third, kept, tmp_path) == 3
    assert taken_at(third, cursor(new, 6), tmp_path) == 5


def test_a_large_file_is_read_by_two_processes_and_noted(
    old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secondprocess, "WORTH_IT_BYTES", 1)
    monkeypatch.setattr(secondprocess, "second_process_pays", lambda busy=1: True)
    imported(old, new, tmp_path / "all.ndjson")
    assert continues(new) == {identity(old): (5, 5)}


# What is refused


@pytest.mark.parametrize(
    "options",
    [
        ExportOptions(sealed=False),
        ExportOptions(sealed=True, after=1),
        ExportOptions(sealed=True, limit=5),
        ExportOptions(sealed=True, criteria=Criteria(types=["a.b#C"])),
    ],
    ids=["no seal", "after", "limit", "selection"],
)
def test_an_import_of_a_file_that_is_not_a_sealed_whole_journal_notes_nothing(
    old: str, new: str, tmp_path: Path, options: ExportOptions
) -> None:
    path = str(tmp_path / "some.ndjson")
    export_file(old, path, options)
    import_files(new, Files([path]))
    assert continues(new) == {}


@pytest.mark.parametrize(
    "options",
    [
        TransferOptions(dry_run=True),
        TransferOptions(types=TypeRules(skipped_types=["x#Y"])),
        TransferOptions(types=TypeRules(new_types={"x#Y": "x#Z"})),
    ],
    ids=["dry run", "skip type", "map type"],
)
def test_an_import_that_is_not_whole_notes_nothing(
    old: str, new: str, tmp_path: Path, options: TransferOptions
) -> None:
    with open_journal(old) as journal:
        journal.events.append(event(event_type="x#Y", of=OTHER_ID))
        journal.events.append(event(9))
    imported(old, new, tmp_path / "all.ndjson", options)
    assert continues(new) == {}


def test_an_import_into_a_journal_that_had_events_notes_nothing(old: str, new: str, tmp_path: Path) -> None:
    append(new, '{"new":1}')
    imported(old, new, tmp_path / "all.ndjson")
    assert len(stored(new)) == 6
    assert continues(new) == {}


def test_an_import_into_a_journal_that_had_some_of_them_notes_nothing(old: str, new: str, tmp_path: Path) -> None:
    with open_journal(new) as journal:
        journal.events.append(sequence(5)[-1])
    imported(old, new, tmp_path / "all.ndjson")
    assert len(stored(new)) == 5
    assert continues(new) == {}


def test_sealed_exports_one_after_the_other_note_nothing(old: str, new: str, third: str, tmp_path: Path) -> None:
    journal_with(third, sequence(9, of=OTHER_ID))
    # Its last position is above the number of all events, so that it does not give the mistake away.
    delete(third, *range(1, 8))
    parts = [tmp_path / "one.ndjson", tmp_path / "two.ndjson"]
    for url, part in zip((old, third), parts, strict=True):
        export_file(url, str(part), ExportOptions(sealed=True))
    both = tmp_path / "both.ndjson"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    other = f"sqlite:///{tmp_path / 'other.db'}"
    initialise(other)
    for target, paths in ((new, [str(both)]), (other, [str(part) for part in parts])):
        import_files(target, Files(paths))
        assert len(stored(target)) == 7
        assert continues(target) == {}


def test_a_note_that_cannot_be_written_leaves_an_import_as_good_as_it_is(
    old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise StoreError("permission denied")

    monkeypatch.setattr(continuing, "note_continued", refused)
    path = str(tmp_path / "all.ndjson")
    export_file(old, path, ExportOptions(sealed=True))
    found = import_files(new, Files([path]))
    assert (found.why_not_noted, found.outcome.appended) == ("permission denied", 5)


def test_a_cursor_beyond_the_move_is_refused_with_what_to_do(old: str, new: str, tmp_path: Path) -> None:
    copied(old, new)
    append(old, '{"late":1}')
    append(new, '{"new":1}')
    assert refusal(new, cursor(old, 6), tmp_path) == (
        f"{tmp_path / 'cursor'} is at global position 6 of the journal {identity(old)}, which {shown(new)} continues "
        f"from its position 5 only: copy the events after that from it too, or name a cursor file of its own"
    )
    # Copied now, the event comes after one of the new journal's own.
    copied(old, new)
    assert continues(new) == {identity(old): (5, 5)}
    assert "from its position 5 only" in refusal(new, cursor(old, 6), tmp_path)
    assert taken_at(new, cursor(old, 5), tmp_path) == 5


def shown(url: str) -> str:
    with open_journal(url) as journal:
        return journal.shown_url


def test_a_cursor_whose_digest_does_not_fit_is_refused(old: str, new: str, tmp_path: Path) -> None:
    copied(old, new)
    wrong = Cursor(identity(old), 3, cursor(old, 2).event_sha256)
    assert "is at global position 3" in refusal(new, wrong, tmp_path)
    assert "but its event is not here" in refusal(new, wrong, tmp_path)


def test_the_cursor_of_a_third_journal_is_refused(old: str, new: str, third: str, tmp_path: Path) -> None:
    journal_with(third, sequence(5))
    copied(old, new)
    assert "name a cursor file of its own" in refusal(new, cursor(third, 3), tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        CopyOptions(after=2),
        CopyOptions(limit=3),
        CopyOptions(criteria=Criteria(types=["a.b#C"])),
        CopyOptions(criteria=Criteria(types=["*"])),
        CopyOptions(proven=False),
        CopyOptions(dry_run=True),
        CopyOptions(types=TypeRules(skipped_types=["x#Y"])),
        CopyOptions(types=TypeRules(only_types=["a.b#C"])),
        CopyOptions(types=TypeRules(new_types={"x#Y": "x#Z"})),
    ],
    ids=[
        "after",
        "limit",
        "selection",
        "selection of all",
        "unproven",
        "dry run",
        "skip type",
        "only type",
        "map type",
    ],
)
def test_a_copy_that_is_not_whole_or_not_proven_notes_nothing(
    old: str, new: str, tmp_path: Path, options: CopyOptions
) -> None:
    with open_journal(old) as journal:
        journal.events.append(event(event_type="x#Y", of=OTHER_ID))
        journal.events.append(event(9))
    copied(old, new, options)
    assert continues(new) == {}
    assert "name a cursor file of its own" in refusal(new, cursor(old, 1), tmp_path)


def test_a_copy_with_rejects_notes_nothing(old: str, new: str, tmp_path: Path) -> None:
    # The last event of the old journal is another one in the new.
    append(old, '{"here":1}')
    with open_journal(new) as journal:
        journal.events.append(sequence(5))
    append(new, '{"there":1}')
    copied(old, new, CopyOptions(rejects=str(tmp_path / "rejects.ndjson")))
    assert len(stored(new)) == 6
    assert continues(new) == {}


@pytest.mark.parametrize("at", ["the beginning", "the end"])
def test_a_journal_that_had_events_continues_nothing(old: str, new: str, at: str, tmp_path: Path) -> None:
    with open_journal(new) as journal:
        if at == "the end":
            journal.events.append(sequence(2))
        journal.events.append(event(of=OTHER_ID))
    copied(old, new)
    assert len(stored(new)) == 6
    assert continues(new) == {}
    assert "name a cursor file of its own" in refusal(new, cursor(old, 1), tmp_path)


def test_a_cursor_copy_into_a_journal_that_does_not_continue_its_source_notes_nothing(
    old: str, new: str, tmp_path: Path
) -> None:
    path = str(tmp_path / "moving.cursor")
    save_cursor(path, cursor(old, 2))
    copied(old, new, CopyOptions(cursor_file=path))
    assert continues(new) == {}


def test_a_cursor_copy_that_begins_after_what_is_noted_notes_nothing_further(
    old: str, new: str, tmp_path: Path
) -> None:
    copied(old, new)
    append(old, '{"missed":1}', '{"late":1}')
    path = str(tmp_path / "moving.cursor")
    save_cursor(path, cursor(old, 6))
    copied(old, new, CopyOptions(cursor_file=path))
    assert len(stored(new)) == 6
    assert continues(new) == {identity(old): (5, 5)}
    assert "from its position 5 only" in refusal(new, cursor(old, 6), tmp_path)


def test_events_recorded_at_another_time_there_note_nothing(old: str, new: str) -> None:
    with open_journal(new) as journal:
        journal.events.append([each._replace(recorded_at="2025-01-01T00:00:00.000000Z") for each in sequence(5)])
    copied(old, new)
    assert continues(new) == {}


def test_notes_of_a_journal_whose_tables_were_here_before_do_not_count(old: str, new: str, tmp_path: Path) -> None:
    copied(old, new)
    execute(new, "UPDATE esjournal SET journal_id = '00000000-0000-4000-8000-000000000001'")
    assert continues(new) == {}
    assert "name a cursor file of its own" in refusal(new, cursor(old, 1), tmp_path)


def test_a_copy_of_a_journals_file_does_not_continue_the_journal(tmp_path: Path) -> None:
    old, backup = tmp_path / "old.db", tmp_path / "backup.db"
    journal_with(str(old), sequence(5))
    execute(f"sqlite:///{old}", f"VACUUM INTO '{backup}'")
    append(str(old), '{"late":1}')
    copied(str(old), str(backup))
    assert identity(str(old)) == identity(str(backup))
    assert continues(str(backup)) == {}
    assert taken_at(str(backup), cursor(str(old), 6), tmp_path) == 6


def test_a_note_that_cannot_be_written_leaves_the_copy_as_good_as_it_is(
    old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise StoreError("permission denied")

    monkeypatch.setattr(continuing, "note_continued", refused)
    found = copy_events(old, new)
    assert found.why_not_noted == "permission denied"
    assert found.proof is not None
    assert found.proof.holds


def test_a_note_is_written_once(old: str, new: str) -> None:
    for _ in range(3):
        copied(old, new)
    with open_journal(new) as journal, journal.events.session.connection() as connection:
        name = journal.events.session.table_name("continued_journals")
        assert connection.execute(f"SELECT count(*) FROM {name}").fetchone() == (1,)
        assert continued_journals(journal.events.session, journal.journal_id) == (
            ContinuedJournal(identity(old), 5, 5),
        )
