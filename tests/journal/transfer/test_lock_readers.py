"""An import that locks readers: indexes built last, nothing half written, and nobody reads before the commit."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import errors

from esjournal.exceptions import InvalidData, StoreError, StoreLocked
from esjournal.journal.inspect.verification import Verification
from esjournal.journal.journal import Journal, open_journal
from esjournal.journal.transfer.importing import import_events
from tests.helpers.events import ID, event, generated, sequence
from tests.helpers.given import BAD, counts, given
from tests.helpers.program import invoke, refused, start
from tests.helpers.stores import driver_url, journal_with

EVENTS = list(generated(1_203))
_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = %s AND tablename = 'stored_events' ORDER BY indexname
"""


@pytest.fixture
def postgres_journal(postgres_url: str) -> Iterator[Journal]:
    journal_with(postgres_url, [])
    with open_journal(postgres_url) as journal:
        yield journal


def indexes(url: str) -> list[tuple[str, str]]:
    with closing(psycopg.connect(driver_url(url), autocommit=True)) as connection:
        return connection.execute(_INDEXES, (url.rpartition("schema=")[2],)).fetchall()


def reading(url: str) -> int:
    """Count the events as another reader, who waits only a moment."""
    schema = url.rpartition("schema=")[2]
    with closing(psycopg.connect(driver_url(url), autocommit=True)) as connection:
        connection.execute("SET lock_timeout = 100")
        row = connection.execute(f"SELECT count(*) FROM {schema}.stored_events".encode()).fetchone()
        assert row is not None
        return int(row[0])


def findings(journal: Journal) -> list[tuple[str, str, str]]:
    return [(found.kind, found.place, found.detail) for found in Verification(journal).findings()]


def test_the_journal_is_the_same_as_after_any_import(postgres_journal: Journal, postgres_url: str) -> None:
    before = indexes(postgres_url)
    assert len(before) > 2
    described = [found._replace(metadata="{}", event_id=found.originator_id) for found in sequence(1)]
    outcome = import_events(postgres_journal, given(*EVENTS, *described, size=100), lock_readers=True)
    assert counts(outcome) == (1_204, 1_204, 0, 0, 0)
    stored = [found._replace(global_position=None) for found in postgres_journal.events.all_items()]
    assert stored == [*EVENTS, *described]
    assert indexes(postgres_url) == before
    assert findings(postgres_journal) == []


def test_nobody_reads_until_the_end(postgres_journal: Journal, postgres_url: str) -> None:
    told: list[int] = []

    def progress(events: int) -> None:
        told.append(events)
        with pytest.raises(errors.LockNotAvailable):
            reading(postgres_url)

    import_events(postgres_journal, given(*EVENTS, size=100), lock_readers=True, on_progress=progress)
    assert told
    assert reading(postgres_url) == 1_203


def test_readers_go_on_if_the_journal_has_events(postgres_journal: Journal, postgres_url: str) -> None:
    postgres_journal.events.append(EVENTS[:1])
    seen: list[int] = []
    import_events(
        postgres_journal, given(*EVENTS), lock_readers=True, on_progress=lambda _: seen.append(reading(postgres_url))
    )
    assert set(seen) == {1}
    assert reading(postgres_url) == 1_203


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("twin", "key"),
    [(EVENTS[5], "originator_version"), (EVENTS[5]._replace(state="{}"), "originator_version")],
    ids=["the same", "another"],
)
def test_two_events_at_one_place_write_nothing(
    postgres_journal: Journal, postgres_url: str, twin: object, key: str, dry_run: bool
) -> None:
    before = indexes(postgres_url)
    with pytest.raises(InvalidData, match=f"differ at one place .*{key}.*: with --lock-readers, nobody can say which"):
        import_events(postgres_journal, given(*EVENTS, twin), lock_readers=True, dry_run=dry_run)  # type: ignore[arg-type]
    assert reading(postgres_url) == 0
    assert indexes(postgres_url) == before


def test_two_events_with_one_id_write_nothing(postgres_journal: Journal, postgres_url: str) -> None:
    events = [found._replace(event_id=ID) for found in sequence(2)]
    with pytest.raises(InvalidData, match="event_id"):
        import_events(postgres_journal, given(*events), lock_readers=True)
    assert reading(postgres_url) == 0


def test_bad_lines_write_nothing_or_are_put_aside(postgres_journal: Journal, postgres_url: str) -> None:
    before = indexes(postgres_url)
    assert counts(import_events(postgres_journal, given(event(0), BAD), lock_readers=True))[3:] == (0, 1)
    assert reading(postgres_url) == 0
    assert indexes(postgres_url) == before
    aside: list[object] = []
    import_events(postgres_journal, given(event(0), BAD), lock_readers=True, put_aside=aside.append)
    assert (reading(postgres_url), len(aside)) == (1, 1)
    assert indexes(postgres_url) == before


def test_a_dry_run_leaves_everything_as_it_was(postgres_journal: Journal, postgres_url: str) -> None:
    before = indexes(postgres_url)
    import_events(postgres_journal, given(*EVENTS), lock_readers=True, dry_run=True)
    assert reading(postgres_url) == 0
    assert indexes(postgres_url) == before


def test_a_reader_that_does_not_end_is_waited_for_as_long_as_the_url_says(postgres_url: str) -> None:
    journal_with(postgres_url, [])
    schema = postgres_url.rpartition("schema=")[2]
    with (
        closing(psycopg.connect(driver_url(postgres_url))) as reader,
        open_journal(f"{postgres_url}&timeout=0.2") as journal,
    ):
        reader.execute(f"SELECT count(*) FROM {schema}.stored_events".encode())
        with pytest.raises(StoreLocked, match=r"was locked by others for 0\.2 seconds"):
            import_events(journal, given(*EVENTS), lock_readers=True)
    assert reading(postgres_url) == 0


def test_only_the_owner_may_lock_readers(postgres_url: str) -> None:
    journal_with(postgres_url, [])
    schema = postgres_url.rpartition("schema=")[2]
    role = f"{schema}_writer"
    with closing(psycopg.connect(driver_url(postgres_url), autocommit=True)) as connection:
        connection.execute(f"CREATE ROLE {role}".encode())
        try:
            connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}".encode())
            connection.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO {role}".encode())
            with (
                open_journal(f"{postgres_url}&options=-crole%3D{role}") as journal,
                pytest.raises(StoreError, match="--lock-readers is for the owner of the table"),
            ):
                import_events(journal, given(*EVENTS), lock_readers=True)
        finally:
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
    assert reading(postgres_url) == 0


def test_a_kill_in_the_middle_leaves_an_empty_journal_with_all_indexes(postgres_url: str) -> None:
    journal_with(postgres_url, [])
    before = indexes(postgres_url)
    with start("import", "-q", "--lock-readers", "-", url=postgres_url, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for at, found in enumerate(generated(30_000)):
            line = {
                "originator_id": found.originator_id,
                "originator_version": found.originator_version,
                "event_type": found.event_type,
                "state": json.loads(found.state),
            }
            process.stdin.write(json.dumps(line).encode() + b"\n")
            if at % 1_000 == 0 and is_locked(postgres_url):
                break
        process.stdin.flush()
        assert waited_for(postgres_url)
        process.kill()
        process.wait()
    deadline = time.monotonic() + 60
    while is_locked(postgres_url):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert reading(postgres_url) == 0
    assert indexes(postgres_url) == before
    with open_journal(postgres_url) as journal:
        assert findings(journal) == []
    # The same command completes it.
    lines = b"".join(
        json.dumps({"originator_id": ID, "originator_version": at, "event_type": "a#B", "state": {}}).encode() + b"\n"
        for at in range(3)
    )
    assert invoke("import", "-q", "--lock-readers", "-", url=postgres_url, input=lines).exit_code == 0
    assert reading(postgres_url) == 3


def is_locked(url: str) -> bool:
    try:
        reading(url)
    except errors.LockNotAvailable:
        return True
    return False


def waited_for(url: str) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if is_locked(url):
            return True
    return False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--lock-readers is for PostgreSQL; SQLite builds indexes last and locks no reader"),
        (["--layout", "message-db"], "--lock-readers is for journals, and not for another library's tables"),
        (["--commit-every", "10"], "--lock-readers takes neither --commit-every nor --require-contiguous"),
        (["--require-contiguous"], "--lock-readers takes neither --commit-every nor --require-contiguous"),
    ],
)
def test_it_is_refused_where_it_does_nothing(
    sqlite_url: str, postgres_url: str, arguments: list[str], message: str
) -> None:
    url = postgres_url if arguments else sqlite_url
    refused(invoke("import", "--lock-readers", *arguments, "events.ndjson", url=url), 2, message)


def test_on_sqlite_it_changes_nothing(sqlite_url: str) -> None:
    journal_with(sqlite_url, [])
    with open_journal(sqlite_url) as journal:
        assert counts(import_events(journal, given(event(0), event(0)), lock_readers=True)) == (2, 1, 1, 0, 0)
