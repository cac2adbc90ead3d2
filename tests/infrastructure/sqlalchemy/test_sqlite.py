"""What is specific to SQLite files: their mode, the files beside them, their locks and their limits."""

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import NoneType
from uuid import uuid4

import pytest
from sqlalchemy import Table

from esjournal.exceptions import (
    EsjournalError,
    NotAJournal,
    NotInitialised,
    SchemaTooNew,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreNotFound,
    StoreReplaced,
    UnfinishedWrite,
)
from esjournal.infrastructure.activerecord import NEXT
from esjournal.infrastructure.eventstore import EventStore
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy, StoredEventRecord
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.infrastructure.sqlalchemy.sqlite import databasefiles
from esjournal.infrastructure.sqlalchemy.sqlite.databasefiles import DatabaseFiles, Numbers
from esjournal.infrastructure.sqlalchemy.sqlite.session import SQLiteSession
from esjournal.journal.journal import initialise
from esjournal.journal.journalstore import open_event_store
from tests.helpers.program import run
from tests.helpers.stores import stored

APPLICATION_ID = 0x45534A4C


def event(state: str = "{}") -> StoredEvent:
    return StoredEvent(uuid4(), 0, "a#B", state)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Path:
    """A journal of three events that no process has open."""
    with open_event_store(str(path), create=True) as store:
        store.active_record_strategy.append([event() for _ in range(3)])
    return path


@pytest.fixture(params=["its path", "a link"])
def name(request: pytest.FixtureRequest, journal: Path, tmp_path: Path) -> Path:
    """A name of that journal: its path, or a link in another folder."""
    if request.param == "its path":
        return journal
    link = tmp_path / "links" / "current"
    link.parent.mkdir()
    link.symlink_to(journal)
    return link


@contextmanager
def opened(path: Path, timeout: float = 10) -> Iterator[SQLAlchemyActiveRecordStrategy[StoredEvent]]:
    """A strategy on a file, without setting up tables."""
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=str(path), timeout=timeout)) as datastore:
        yield SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=StoredEventRecord, sequenced_item_class=StoredEvent
        )


def set_up(path: Path) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=str(path)), tables=(StoredEventRecord,)) as datastore:
        datastore.setup_tables()


def read(path: Path) -> None:
    with opened(path) as strategy:
        list(strategy.all_items())


def append(path: Path) -> None:
    with opened(path) as strategy:
        strategy.append(event())


def identify(path: Path) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=str(path))) as datastore:
        datastore.identity()


any_use = pytest.mark.parametrize("use", [set_up, read, append, identify])
use_of_what_is_there = pytest.mark.parametrize("use", [read, append, identify])


def test_a_new_file_and_the_files_of_its_wal_are_for_their_owner_only(path: Path) -> None:
    before = os.umask(0)
    try:
        with open_event_store(str(path), create=True) as store:
            store.active_record_strategy.append(event())
            files = sorted(path.parent.iterdir())
            assert [file.name for file in files] == ["journal.db", "journal.db-shm", "journal.db-wal"]
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    finally:
        os.umask(before)


def test_a_mode_that_somebody_chose_stays(journal: Path) -> None:
    journal.chmod(0o640)
    append(journal)
    set_up(journal)
    assert stat.S_IMODE(journal.stat().st_mode) == 0o640


def test_every_connection_writes_ahead_and_syncs_fully(journal: Path) -> None:
    with opened(journal) as strategy:
        strategy.append(event())
        with strategy.session.connection() as one, strategy.session.connection() as other:
            for connection in (one, other):
                assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
                assert connection.execute("PRAGMA synchronous").fetchone() == (3,)
                assert connection.execute("PRAGMA trusted_schema").fetchone() == (0,)


def test_the_header_of_the_file_names_its_program(path: Path) -> None:
    with open_event_store(str(path), create=True):
        header = path.read_bytes()[:100]
    assert int.from_bytes(header[68:72]) == APPLICATION_ID


def test_the_tables_are_strict_and_read_well_in_a_shell(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        [(sql,)] = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'stored_events'")
        [row] = connection.execute("SELECT * FROM stored_events WHERE global_position = 1")
    assert sql.startswith("CREATE TABLE stored_events (\n    global_position INTEGER PRIMARY KEY AUTOINCREMENT,\n")
    assert sql.endswith(") STRICT")
    assert [type(value) for value in row] == [int, str, int, str, str, str, NoneType, NoneType]
    assert len(row[1]) == 36


@use_of_what_is_there
def test_using_a_file_that_is_not_there_creates_nothing(path: Path, use: Callable[[Path], None]) -> None:
    with pytest.raises(StoreNotFound, match=r"nothing is at .*journal\.db: run `esjournal .*init`"):
        use(path)
    assert list(path.parent.iterdir()) == []


@any_use
def test_a_folder_is_refused(tmp_path: Path, use: Callable[[Path], None]) -> None:
    with pytest.raises(NotAJournal, match="is a folder: name a file in it"):
        use(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_journal_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound, match=r"folder of .* does not exist: make it first"):
        set_up(tmp_path / "none" / "journal.db")


@any_use
@pytest.mark.parametrize(
    "content",
    [b"x", b"\0", b"hello, world\n", b"SQLite format 3", b"\x1f\x8b" + b"\0" * 200, b"\0" * 4096],
    ids=["one byte", "one null byte", "text", "half a magic", "gzip", "nulls"],
)
def test_a_file_that_is_not_a_database_is_refused_and_left_as_it_was(
    path: Path, content: bytes, use: Callable[[Path], None]
) -> None:
    path.write_bytes(content)
    with pytest.raises(NotAJournal, match="is not a SQLite database: name another file"):
        use(path)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@any_use
@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("table", ["notes", "stored_events"])
def test_another_programs_database_is_refused_and_stays_as_it_was(
    path: Path, mode: str, table: str, use: Callable[[Path], None]
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute(f"CREATE TABLE {table} (text)")
        connection.execute(f"INSERT INTO {table} VALUES ('mine')")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(NotAJournal, match="is another program's SQLite database: name another file"):
        use(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@any_use
def test_a_damaged_journal_is_an_error_of_ours(journal: Path, use: Callable[[Path], None]) -> None:
    content = bytearray(journal.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    journal.write_bytes(content)
    with pytest.raises(StoreError, match=r"journal\.db"):
        use(journal)


@use_of_what_is_there
def test_an_empty_file_is_not_a_journal_yet_and_stays_empty(path: Path, use: Callable[[Path], None]) -> None:
    path.touch()
    with pytest.raises(NotInitialised, match="has no journal yet: run"):
        use(path)
    assert path.read_bytes() == b""


def test_an_empty_file_can_be_made_a_journal(path: Path) -> None:
    path.touch()
    set_up(path)
    append(path)


def test_a_journal_of_a_later_esjournal_is_refused_and_stays_as_it_was(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("UPDATE esjournal SET schema_version = 7")
        connection.commit()
    before = journal.read_bytes()
    with pytest.raises(SchemaTooNew, match="schema version 7, and this esjournal knows versions up to 2"):
        open_event_store(str(journal))
    assert journal.read_bytes() == before


def test_a_name_with_special_characters_names_that_file_and_no_other(tmp_path: Path) -> None:
    for name in ("50%41?mode=memory#x.db", "file:x.db", "it's; a.db", "größe.db", "-x.db", "a b.db"):
        set_up(tmp_path / name)
        append(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 0
    assert len(list(tmp_path.iterdir())) == 6


def test_a_journal_is_found_after_the_working_folder_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    set_up(Path("journal.db"))
    append(Path("journal.db"))
    assert (tmp_path / "journal.db").exists()


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


@pytest.mark.parametrize("batch", [1, 3])
def test_an_append_to_a_locked_journal_waits_for_the_timeout_and_then_says_so(journal: Path, batch: int) -> None:
    with locked(journal), opened(journal, timeout=0.3) as strategy:
        begun = time.monotonic()
        with pytest.raises(StoreLocked, match=r"locked by others for 0\.3 seconds.*\?timeout=SECONDS"):
            strategy.append([event() for _ in range(batch)])
        assert 0.25 <= time.monotonic() - begun < 5
    with pytest.raises(StoreLocked), locked(journal):
        open_event_store(f"sqlite:///{journal}?timeout=0.01", create=True)


@pytest.mark.parametrize("batch", [1, 3])
def test_an_append_to_a_locked_journal_continues_when_the_lock_is_released(journal: Path, batch: int) -> None:
    with locked(journal) as other, opened(journal) as strategy:
        appended: list[Sequence[int]] = []
        waiting = threading.Thread(target=lambda: appended.append(strategy.append([event() for _ in range(batch)])))
        waiting.start()
        time.sleep(0.2)
        assert appended == []
        other.execute("ROLLBACK")
        waiting.join()
    assert appended == [range(4, 4 + batch)]


@pytest.mark.parametrize("batch", [1, 3])
def test_a_lock_that_is_free_briefly_is_taken(journal: Path, batch: int) -> None:
    def is_taken() -> bool:
        with locked(journal) as other, opened(journal) as strategy:
            appended: list[Sequence[int]] = []
            waiting = threading.Thread(target=lambda: appended.append(strategy.append([event() for _ in range(batch)])))
            waiting.start()
            # SQLite itself tries again after 228 ms and then after 328 ms.
            time.sleep(0.24)
            other.execute("ROLLBACK")
            time.sleep(0.06)
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                # The writer has the lock just now.
                waiting.join()
                return True
            time.sleep(0.01)
            taken = bool(appended)
            other.execute("ROLLBACK")
            waiting.join()
            return taken

    # On a busy machine the thread may not get a core in the 60 ms.
    assert any(is_taken() for _ in range(5))


def test_waiting_for_a_lock_leaves_the_timeout_of_reading_as_it_was(journal: Path) -> None:
    with opened(journal, timeout=0.3) as strategy:
        for batch in (1, 3):
            strategy.append([event() for _ in range(batch)])
            with strategy.session.connection() as connection:
                assert connection.execute("PRAGMA busy_timeout").fetchone() == (300,)


def test_reading_waits_for_no_writer_and_sees_what_was_committed(journal: Path) -> None:
    with opened(journal, timeout=0) as writer, opened(journal, timeout=0) as reader, writer.transaction() as open_one:
        open_one.append([event()])
        assert len(list(reader.all_items())) == 3


def test_a_full_disk_is_an_error_of_ours_and_leaves_nothing_half_written(journal: Path) -> None:
    with opened(journal) as strategy:
        with strategy.session.writing_connection() as connection:
            [pages] = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 10}")
        for batch in (
            [event("x" * 1_000) for _ in range(1_000)],
            [event("x" * 1_000_000)],
            [event()._replace(originator_version=NEXT, state="x" * 300_000) for _ in range(2)],
        ):
            with pytest.raises(StoreFull, match="the disk is full: make room and try again"):
                strategy.append(batch)
            assert len(list(strategy.all_items())) == 3
        with strategy.session.writing_connection() as connection:
            connection.execute("PRAGMA max_page_count = 1000000")
        assert strategy.append([event("x" * 1_000) for _ in range(1_000)]) == range(4, 1_004)


def test_a_disk_that_fills_up_in_a_long_transaction_undoes_all_of_it(journal: Path) -> None:
    with opened(journal) as strategy:
        with strategy.session.connection() as connection:
            connection.execute("PRAGMA max_page_count = 200")

        def import_too_much() -> None:
            with strategy.transaction() as transaction:
                for _ in range(50):
                    transaction.append([event("x" * 1_000) for _ in range(100)])

        with pytest.raises(StoreFull):
            import_too_much()
        assert len(list(strategy.all_items())) == 3
        assert strategy.append(event()) == range(4, 5)


def test_setting_up_on_a_full_disk_leaves_no_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=str(path)), tables=(StoredEventRecord,)) as datastore:
        assert isinstance(datastore.session, SQLiteSession)
        create_missing = datastore.session._create_missing

        def on_a_full_disk(connection: sqlite3.Connection, tables: Sequence[Table]) -> bool:
            connection.execute("PRAGMA max_page_count = 3")
            return create_missing(connection, tables)

        monkeypatch.setattr(datastore.session, "_create_missing", on_a_full_disk)
        with pytest.raises(StoreFull):
            datastore.setup_tables()
    assert list(path.parent.iterdir()) == []


def test_a_failing_setup_keeps_a_file_that_others_have_filled_meanwhile(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=str(path), timeout=0.05)) as datastore:

        def somebody_else_was_faster(table: object) -> object:
            with open_event_store(str(path), create=True) as store:
                store.active_record_strategy.append(event())
            raise StoreLocked("by somebody else")

        monkeypatch.setattr(datastore.session, "transaction", somebody_else_was_faster)
        with pytest.raises(StoreLocked):
            datastore.setup_tables()
    with opened(path) as strategy:
        assert len(list(strategy.all_items())) == 1


@pytest.fixture
def foreign_journal() -> Iterator[Path]:
    """A journal in a folder that the test may make read-only, and that other users may look into."""
    folder = Path(tempfile.mkdtemp(prefix="esjournal-"))
    folder.chmod(0o755)
    path = folder / "journal.db"
    with open_event_store(str(path), create=True) as store:
        store.active_record_strategy.append([event() for _ in range(3)])
    read(path)
    path.chmod(0o444)
    yield path
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Drop the rights of root, for whom no file is read-only, if the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.mark.parametrize("folder_mode", [0o555, 0o777])
def test_a_read_only_journal_is_read_and_refuses_to_be_written(foreign_journal: Path, folder_mode: int) -> None:
    foreign_journal.parent.chmod(folder_mode)
    before = foreign_journal.read_bytes()
    error: BaseException | None = None
    with unprivileged(), opened(foreign_journal) as strategy:
        items = list(strategy.all_items())
        try:
            strategy.append(event())
        except EsjournalError as refused:
            error = refused
    assert len(items) == 3
    assert isinstance(error, StoreError)
    assert "the file or its folder is read-only" in str(error)
    assert foreign_journal.read_bytes() == before


def test_a_journal_that_may_not_be_read_is_an_error_of_ours(foreign_journal: Path) -> None:
    foreign_journal.chmod(0o000)
    error: BaseException | None = None
    with unprivileged():
        try:
            read(foreign_journal)
        except EsjournalError as refused:
            error = refused
    assert isinstance(error, StoreError)
    assert "cannot be read: Permission denied" in str(error)


def test_a_journal_cannot_be_made_in_a_read_only_folder(foreign_journal: Path) -> None:
    foreign_journal.parent.chmod(0o555)
    error: BaseException | None = None
    with unprivileged():
        try:
            set_up(foreign_journal.with_name("new.db"))
        except EsjournalError as refused:
            error = refused
    assert isinstance(error, StoreError)
    assert "cannot be made: Permission denied" in str(error)
    assert [file.name for file in foreign_journal.parent.iterdir()] == ["journal.db"]


def test_a_database_in_memory_is_one_for_all_threads_and_gone_when_closed() -> None:
    store: EventStore[StoredEvent] = open_event_store("sqlite:///:memory:")
    counts: list[int] = []

    def work() -> None:
        store.active_record_strategy.append([event() for _ in range(10)])
        counts.append(len(list(store.active_record_strategy.all_items())))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(counts) == 80
    store.close()
    with open_event_store("sqlite:///:memory:") as other:
        assert list(other.active_record_strategy.all_items()) == []


def test_two_stores_in_memory_are_two() -> None:
    with open_event_store("sqlite://") as one, open_event_store("sqlite://") as other:
        one.active_record_strategy.append(event())
        assert list(other.active_record_strategy.all_items()) == []


def test_a_deleted_event_leaves_its_global_position_free_for_ever(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("DELETE FROM stored_events WHERE global_position = 3")
        connection.commit()
    with opened(journal) as strategy:
        assert strategy.append(event()) == range(4, 5)


def test_a_refused_event_burns_no_global_position(journal: Path) -> None:
    with opened(journal) as strategy:
        taken = next(strategy.all_items())
        for _ in range(3):
            with pytest.raises(EsjournalError):
                strategy.append([event(), taken])
        assert strategy.append(event()) == range(4, 5)


# Reading leaves files as they were


def left_with_a_wal(path: Path) -> None:
    """Leave the last event in the WAL, as a killed program does."""
    program = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('UPDATE stored_events SET recorded_at = recorded_at WHERE global_position = 1'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0


@pytest.mark.parametrize("has_index", [True, False])
@pytest.mark.parametrize("use", [read, identify])
def test_reading_leaves_a_wal_where_it_is(
    journal: Path, name: Path, has_index: bool, use: Callable[[Path], None]
) -> None:
    left_with_a_wal(journal)
    wal = journal.with_name("journal.db-wal")
    if not has_index:
        journal.with_name("journal.db-shm").unlink()
    before = journal.read_bytes(), wal.read_bytes()
    use(name)
    assert (journal.read_bytes(), wal.read_bytes()) == before


def test_writing_folds_a_wal_that_was_left_and_removes_it(journal: Path) -> None:
    left_with_a_wal(journal)
    append(journal)
    assert [file.name for file in journal.parent.iterdir()] == ["journal.db"]


def test_a_write_that_was_cut_off_outside_of_wal_is_undone_by_a_writer_only(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("PRAGMA journal_mode=delete")
    program = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('PRAGMA cache_size=1'); c.execute('BEGIN IMMEDIATE'); "
        "c.execute('CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999) "
        "SELECT i, randomblob(100) FROM n'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, str(journal)], check=True)
    before = journal.read_bytes()
    with pytest.raises(UnfinishedWrite, match="was left in the middle of a write, which must be undone first: run"):
        read(journal)
    with pytest.raises(UnfinishedWrite, match="which must be undone first: open it with the library that writes it"):
        open_event_store(f"sqlite:///{journal}?layout=eventsourcing")
    assert journal.read_bytes() == before
    # As `init` does, which the message suggests.
    assert not initialise(str(journal)).created
    with opened(journal) as strategy:
        assert len(list(strategy.all_items())) == 3


# Files that are replaced while they are open


@pytest.fixture
def backup(journal: Path, tmp_path: Path) -> Path:
    path = tmp_path / "backup.db"
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute(f"VACUUM INTO '{path}'")
    return path


def restore_over(journal: Path, backup: Path) -> None:
    """Do what must never be done while a program has the journal open."""
    shutil.copyfile(backup, journal)
    for name in ("journal.db-wal", "journal.db-shm"):
        journal.with_name(name).unlink()


def remove_the_wal(journal: Path, backup: Path) -> None:
    journal.with_name("journal.db-wal").unlink()


def remove_the_index_of_the_wal(journal: Path, backup: Path) -> None:
    journal.with_name("journal.db-shm").unlink()


def move_over(journal: Path, backup: Path) -> None:
    backup.replace(journal)


replacements = pytest.mark.parametrize(
    "replace", [restore_over, remove_the_wal, remove_the_index_of_the_wal, move_over]
)


# Longer than the time for which a folder that has changed is not trusted to show the next change.
RESTED_SECONDS = 0.1


@replacements
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("rest", [0, RESTED_SECONDS], ids=["at-once", "rested"])
def test_nothing_is_acknowledged_after_a_file_was_replaced(
    journal: Path, name: Path, backup: Path, rest: float, batch: int, replace: Callable[[Path, Path], None]
) -> None:
    with opened(name) as strategy:
        strategy.append(event())
        time.sleep(rest)
        strategy.append(event())
        replace(journal, backup)
        with pytest.raises(StoreReplaced, match="was replaced while it was open: stop every program"):
            strategy.append([event() for _ in range(batch)])


def test_an_append_looks_at_the_wal_only_if_a_name_in_its_folder_may_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    initialise(str(folder / "journal.db"))
    looks: list[int] = []
    numbers = DatabaseFiles.numbers

    def counted(files: DatabaseFiles) -> Numbers:
        looks.append(1)
        return numbers(files)

    def looks_of_three_appends() -> int:
        looks.clear()
        for _ in range(3):
            strategy.append(event())
        return len(looks)

    with opened(folder / "journal.db") as strategy:
        strategy.append(event())
        monkeypatch.setattr(DatabaseFiles, "numbers", counted)
        time.sleep(RESTED_SECONDS)
        assert looks_of_three_appends() == 1
        assert looks_of_three_appends() == 0
        (folder / "other").touch()
        time.sleep(RESTED_SECONDS)
        assert looks_of_three_appends() == 1
        # As in a file system that has no other times, where the next change may show the same one.
        os.utime(folder, (1_000_000_000, 1_000_000_000))
        assert looks_of_three_appends() == 3
        # A change that has just been made may hide the next one.
        monkeypatch.setattr(databasefiles, "_TICK_SECONDS", 60)
        (folder / "another").touch()
        assert looks_of_three_appends() == 3


def test_nothing_is_acknowledged_after_a_link_leads_to_another_journal(journal: Path, tmp_path: Path) -> None:
    initialise(str(tmp_path / "other.db"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link.db").symlink_to(journal)
    with opened(elsewhere / "link.db") as strategy:
        strategy.append(event())
        time.sleep(RESTED_SECONDS)
        strategy.append(event())
        (elsewhere / "link.db").unlink()
        (elsewhere / "link.db").symlink_to(tmp_path / "other.db")
        with pytest.raises(StoreReplaced, match="was replaced while it was open"):
            strategy.append(event())


@replacements
def test_no_transaction_is_acknowledged_if_a_file_was_replaced_in_its_middle(
    journal: Path, name: Path, backup: Path, replace: Callable[[Path, Path], None]
) -> None:
    def write() -> None:
        with opened(name) as strategy, strategy.transaction() as transaction:
            transaction.append([event()])
            replace(journal, backup)
            transaction.append([event()])

    with pytest.raises(StoreReplaced, match="was replaced while it was open"):
        write()


# Not `restore_over`: a file that this process closes drops the lock that is waited for.
@pytest.mark.parametrize("replace", [remove_the_wal, remove_the_index_of_the_wal, move_over])
def test_an_append_that_waits_for_the_lock_is_not_acknowledged_if_a_file_is_replaced(
    journal: Path, backup: Path, replace: Callable[[Path, Path], None]
) -> None:
    with opened(journal) as strategy, closing(sqlite3.connect(journal, isolation_level=None)) as holding:
        holding.execute("BEGIN IMMEDIATE")
        replacing = threading.Timer(0.2, replace, (journal, backup))
        replacing.start()
        with pytest.raises(StoreReplaced, match="was replaced while it was open"):
            strategy.append(event())
        replacing.join()


def test_a_wal_that_another_connection_made_and_removed_is_not_one_that_was_restored(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    with opened(journal) as strategy:
        before = strategy.last_global_position()
        with closing(sqlite3.connect(journal)) as other:
            # As when two programs make a journal at the same time.
            other.execute("PRAGMA journal_mode=WAL")
            other.execute("SELECT count(*) FROM stored_events").fetchone()
            strategy.session.prepare_to_write()
        for _ in range(2):
            strategy.append(event())
        assert strategy.last_global_position() == before + 2


@pytest.mark.parametrize("use", [append, read])
def test_closing_leaves_the_files_that_took_the_place_of_those_that_were_open(
    journal: Path, name: Path, backup: Path, use: Callable[[Path], None]
) -> None:
    with opened(name) as strategy:
        if use is append:
            strategy.append(event())
        list(strategy.all_items())
        restore_over(journal, backup)
        # In a process of its own, because SQLite shares what it knows about a file within a process.
        run("append", "new", "0", "a#B", "{}", url=str(journal))
        holding = sqlite3.connect(journal)
        holding.execute("SELECT count(*) FROM stored_events").fetchone()
    holding.close()
    assert run("verify", url=str(journal)).returncode == 0
    assert len(stored(str(journal))) == 4


# Content of a file that another program made


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (
            [
                "ALTER TABLE stored_events RENAME TO hidden",
                "CREATE VIEW stored_events AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                "SELECT i AS global_position, i AS originator_id, i AS originator_version, i AS event_type, "
                "i AS state, i AS recorded_at FROM n",
            ],
            "has the view stored_events",
        ),
        (
            ["ALTER TABLE stored_events ADD COLUMN big TEXT AS (hex(zeroblob(450000000)))"],
            "has generated columns in stored_events",
        ),
        (["DROP TABLE esjournal", "CREATE VIRTUAL TABLE esjournal USING fts5(x)"], "has the virtual table esjournal"),
    ],
)
@any_use
def test_only_real_tables_are_read(
    journal: Path, statements: list[str], message: str, use: Callable[[Path], None]
) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        for statement in statements:
            connection.execute(statement)
    with pytest.raises(NotAJournal, match=message):
        use(journal)


def test_every_connection_lets_signals_through_and_trusts_no_schema(journal: Path) -> None:
    with opened(journal) as strategy, strategy.session.connection() as connection:
        assert connection.execute("PRAGMA trusted_schema").fetchone() == (0,)
        assert connection.execute("PRAGMA cell_size_check").fetchone() == (1,)
        assert connection.getlimit(sqlite3.SQLITE_LIMIT_ATTACHED) == 0


def test_a_statement_without_end_is_interrupted_by_ctrl_c(journal: Path) -> None:
    program = (
        "import sys; from esjournal.journal.journalstore import open_event_store\n"
        "store = open_event_store(sys.argv[1])\n"
        "print('on its way', flush=True)\n"
        "store.active_record_strategy.session.rows("
        "'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(journal)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT


def test_a_dump_read_back_is_a_journal_when_it_is_marked_as_one(journal: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(journal)) as connection, closing(sqlite3.connect(copy)) as other:
        other.executescript("".join(f"{line}\n" for line in connection.iterdump()))
    for use in (read, append, identify):
        with pytest.raises(NotInitialised, match=r"is not marked as one, .* run `esjournal .* init` to mark it"):
            use(copy)
    set_up(copy)
    append(copy)
    with opened(journal) as strategy, opened(copy) as other_strategy:
        assert list(strategy.all_items()) == list(other_strategy.all_items())[:3]
