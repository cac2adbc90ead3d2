"""What the databases themselves report: the shape of tables, and the results of their own checks."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from esjournal.domain.findings import Finding, FindingKind
from esjournal.infrastructure.sqlalchemy.activerecords import RecordedEventRecord
from esjournal.infrastructure.sqlalchemy.postgresql.postgresqlchecks import PostgreSQLChecks
from esjournal.infrastructure.sqlalchemy.sqlite.integrity import IntegrityBeside
from esjournal.journal.inspect.verification import Verification
from esjournal.journal.journal import open_journal
from tests.helpers.events import event, generated, sequence
from tests.helpers.stores import execute, journal_with

INDEX = "there is no index unique (originator_id, originator_version)"


def shape(url: str) -> list[tuple[str, str, str]]:
    with open_journal(url, as_it_is=True) as journal:
        return list(journal.events.session.checks(RecordedEventRecord.__table__).shape())


def integrity(url: str, *, quick: bool = False) -> list[Finding]:
    with open_journal(url, as_it_is=True) as journal:
        checks = journal.events.session.checks(RecordedEventRecord.__table__, quick=quick)
        with checks.integrity() as found:
            return list(found)


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, sequence(3))


def test_tables_as_they_are_made_have_no_findings(url: str) -> None:
    assert shape(url) == []


def test_a_table_may_have_further_columns(url: str) -> None:
    execute(url, "ALTER TABLE stored_events ADD COLUMN note text", "CREATE INDEX mine ON stored_events (event_type)")
    assert shape(url) == []


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (
            ["ALTER TABLE stored_events RENAME COLUMN state TO data"],
            [("schema", "stored_events", "the column state is missing")],
        ),
        (
            ["ALTER TABLE esjournal RENAME COLUMN created_at TO made_at"],
            [("schema", "esjournal", "the column created_at is missing")],
        ),
        (["DROP TABLE stored_events"], [("schema", "stored_events", "the table is missing")]),
        (
            ["DROP INDEX stored_events_recorded_at"],
            [("index", "stored_events", "there is no index (recorded_at{}); `esjournal init` makes it")],
        ),
        (
            [
                "DROP INDEX stored_events_recorded_at",
                "CREATE INDEX stored_events_recorded_at ON stored_events (event_type)",
            ],
            [("index", "stored_events", "there is no index (recorded_at{})")],
        ),
    ],
)
def test_what_differs_from_the_tables_as_they_are_made_is_found(
    url: str, statements: list[str], expected: list[tuple[str, str, str]]
) -> None:
    execute(url, *statements)
    rest = "" if url.startswith("sqlite") else ", global_position"
    assert shape(url) == [(kind, place, detail.format(rest)) for kind, place, detail in expected]


@pytest.mark.parametrize(
    ("statements", "detail"),
    [
        (["DROP INDEX stored_events_place"], f"{INDEX}; `esjournal init` makes it"),
        (
            [
                "DROP INDEX stored_events_place",
                "CREATE INDEX stored_events_place ON stored_events (originator_id, originator_version)",
            ],
            f"{INDEX}; stored_events_place is (originator_id, originator_version)",
        ),
        (
            [
                "DROP INDEX stored_events_place",
                "CREATE UNIQUE INDEX stored_events_place ON stored_events (originator_id, originator_version) "
                "WHERE originator_version > 5",
            ],
            f"{INDEX}; stored_events_place is unique (originator_id, originator_version) where ...",
        ),
    ],
    ids=["missing", "not unique", "partial"],
)
def test_sqlites_index_of_places_is_looked_at(sqlite_url: str, statements: list[str], detail: str) -> None:
    journal_with(sqlite_url, sequence(3))
    execute(sqlite_url, *statements)
    assert shape(sqlite_url) == [("index", "stored_events", detail)]


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        (" STRICT", "", "the table is not strict"),
        (" AUTOINCREMENT", "", "the table is not autoincrement"),
        ("state TEXT NOT NULL", "state TEXT", "the column state is text, not text not null"),
        ("state TEXT", "state BLOB", "the column state is blob not null, not text not null"),
    ],
)
def test_sqlites_table_is_looked_at(sqlite_url: str, old: str, new: str, detail: str) -> None:
    journal_with(sqlite_url, sequence(3))
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'stored_events'", (old, new))
    assert shape(sqlite_url) == [("schema", "stored_events", detail)]


@pytest.mark.parametrize(
    ("statement", "kind", "detail"),
    [
        ("ALTER TABLE stored_events DROP CONSTRAINT stored_events_pkey", "index", INDEX),
        (
            "ALTER TABLE stored_events DROP CONSTRAINT stored_events_global_position_key",
            "index",
            "there is no index unique (global_position)",
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass('stored_events_pkey')",
            "index",
            f"{INDEX}; stored_events_pkey is unique (originator_id, originator_version) not valid",
        ),
        (
            "ALTER TABLE stored_events ALTER state DROP NOT NULL",
            "schema",
            "the column state is text, not text not null",
        ),
        (
            "ALTER TABLE stored_events ALTER state TYPE json USING state::json",
            "schema",
            "the column state is json not null, not text not null",
        ),
    ],
)
def test_postgresqls_table_is_looked_at(postgres_url: str, statement: str, kind: str, detail: str) -> None:
    journal_with(postgres_url, sequence(3))
    execute(postgres_url, statement)
    assert shape(postgres_url) == [(kind, "stored_events", detail)]


def test_a_sound_database_finds_nothing(url: str) -> None:
    assert integrity(url) == []


def test_a_missing_amcheck_is_reported(postgres_url: str) -> None:
    journal_with(postgres_url, sequence(3))
    with open_journal(postgres_url) as journal:
        unchecked = journal.events.session.checks(RecordedEventRecord.__table__).unchecked()
        with journal.events.session.connection() as connection:
            installed = connection.execute("SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'").fetchone()[0]
    assert (unchecked is None) == bool(installed)
    if not installed:
        assert unchecked == "indexes were not checked, because the extension amcheck is not installed"


def damaged(path: Path) -> None:
    """Overwrite the header of the root page of the index of places."""
    with closing(sqlite3.connect(path)) as connection:
        [root] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'stored_events_place'").fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[(root - 1) * size : (root - 1) * size + 100] = b"\xff" * 100
    path.write_bytes(content)


def test_sqlites_own_check_finds_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal_with(str(path), list(generated(2_000)))
    damaged(path)
    found = integrity(str(path))
    assert found
    assert {finding[:2] for finding in found} == {("integrity", "database")}
    assert not any(finding.detail.startswith("***") or "\n" in finding.detail for finding in found)


def test_an_event_that_an_index_lacks_is_found_and_not_quickly(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal_with(str(path), sequence(3))
    hidden = "name = 'stored_events_recorded_at'"
    # While the index is not in the schema, nothing is written to it.
    with closing(sqlite3.connect(path)) as connection:
        index = connection.execute(f"SELECT * FROM sqlite_master WHERE {hidden}").fetchone()
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(f"DELETE FROM sqlite_master WHERE {hidden}")
        connection.commit()
    with open_journal(str(path)) as journal:
        journal.events.append([event(3)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", index)
        connection.commit()
    assert integrity(str(path), quick=True) == []
    assert Finding(
        FindingKind.INTEGRITY, "database", "row 4 missing from index stored_events_recorded_at"
    ) in integrity(str(path))


def test_amcheck_looks_up_every_event_unless_it_is_to_be_quick(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal_with(postgres_url, sequence(3))
    # The server of the tests has no amcheck: a function that takes the same arguments, and finds damage among the rows.
    function = f"{postgres_url.rsplit('schema=')[-1]}.index_check"
    execute(
        postgres_url,
        f"CREATE FUNCTION {function}(regclass, boolean) RETURNS void LANGUAGE plpgsql AS "
        "$$ BEGIN IF $2 THEN RAISE 'an event is missing' USING ERRCODE = 'index_corrupted'; END IF; END $$",
    )
    monkeypatch.setattr(PostgreSQLChecks, "_amcheck", lambda self: (function, None))
    assert integrity(postgres_url, quick=True) == []
    assert {finding.kind for finding in integrity(postgres_url)} == {"integrity"}
    assert "stored_events_pkey" in {finding.place for finding in integrity(postgres_url)}


def test_what_sqlites_own_check_says_is_a_finding_each(sqlite_url: str) -> None:
    journal_with(sqlite_url, sequence(3))
    path = sqlite_url.removeprefix("sqlite:///")
    rewrite = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'stored_events'"
    # Values that the table refuses are written while its definition allows them.
    for old, new, then in (
        ("state TEXT NOT NULL", "state TEXT", "SELECT 1"),
        ("state TEXT", "state TEXT NOT NULL", "UPDATE stored_events SET state = NULL WHERE global_position > 1"),
    ):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(then)
            connection.execute("PRAGMA writable_schema=ON")
            connection.execute(rewrite, (old, new))
            connection.commit()
    assert (
        integrity(sqlite_url) == [Finding(FindingKind.INTEGRITY, "database", "NULL value in stored_events.state")] * 2
    )


def test_an_error_in_the_thread_is_raised_when_its_findings_are_read(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal_with(sqlite_url, sequence(3))

    def failing(*arguments: object) -> None:
        raise ZeroDivisionError

    with open_journal(sqlite_url) as journal:
        monkeypatch.setattr(journal.events.session, "prepare_for_many_rows", failing)
        with IntegrityBeside(journal.events.session, "integrity_check") as found, pytest.raises(ZeroDivisionError):
            next(iter(found))


def test_a_check_that_is_left_is_interrupted(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    journal_with(sqlite_url, sequence(3))
    begun = threading.Event()

    def endless(connection: sqlite3.Connection) -> None:
        begun.set()
        connection.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")

    with open_journal(sqlite_url) as journal:
        monkeypatch.setattr(journal.events.session, "prepare_for_many_rows", endless)
        before = threading.active_count()
        with IntegrityBeside(journal.events.session, "integrity_check"):
            assert begun.wait(60)
        for _ in range(200):
            if threading.active_count() <= before:
                break
            threading.Event().wait(0.05)
        assert threading.active_count() <= before


def test_an_identity_table_without_a_key_as_earlier_ones_are_is_sound(postgres_url: str) -> None:
    journal_with(postgres_url, sequence(1))
    execute(postgres_url, "ALTER TABLE esjournal DROP CONSTRAINT esjournal_pkey")
    with open_journal(postgres_url) as journal:
        assert list(Verification(journal).findings()) == []
