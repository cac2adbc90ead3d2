"""`init --protect`: the database refuses to change or delete events, and everything else works as before."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import psycopg
import pytest

from tests.helpers.events import ID, event, sequence
from tests.helpers.program import ended, invoke
from tests.helpers.stores import execute, file_with, journal_with
from tests.helpers.version1 import make_version_1

REFUSED = "the journal is protected: no event is changed or deleted; append one that corrects it"
CHANGES = [
    "UPDATE stored_events SET state = '{}'",
    "DELETE FROM stored_events",
    "UPDATE sequence_names SET name = 'x'",
    "DELETE FROM sequence_names",
]


@pytest.fixture
def url(store_url: str) -> str:
    result = invoke("init", "--protect", url=store_url)
    ended(result, 0, err=r"esjournal: made the journal [^\n]*\nesjournal: the journal \S+ is protected: [^\n]*\n")
    return store_url


def protected(url: str) -> object:
    return json.loads(invoke("info", "-F", "json", url=url).stdout)["protected"]


@pytest.mark.parametrize("change", CHANGES)
def test_no_event_or_name_is_changed_or_deleted(url: str, change: str) -> None:
    assert invoke("append", "order-1", "0", "a#B", "{}", url=url).exit_code == 0
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match=REFUSED):
        execute(url, change)
    assert invoke("get", "order-1", "-F", "ndjson", url=url).stdout.count("order-1") == 1


def test_postgresql_neither_truncates_nor_lets_a_session_go_around_it(postgres_url: str) -> None:
    assert invoke("init", "--protect", url=postgres_url).exit_code == 0
    for table in ("stored_events", "sequence_names"):
        with pytest.raises(psycopg.errors.RaiseException, match=REFUSED):
            execute(postgres_url, f"TRUNCATE {table}")
    with pytest.raises(psycopg.errors.RaiseException, match=REFUSED):
        execute(postgres_url, "SET session_replication_role = replica", "DELETE FROM stored_events")


def test_everything_else_works(url: str, tmp_path: Path) -> None:
    journal_with(url, sequence(3))
    more = tmp_path / "more.ndjson"
    assert invoke("import", "-q", str(file_with(more, [event(3), event(4)])), url=url).exit_code == 0
    more.write_text('{"sequence_name":"order-1","originator_version":0,"event_type":"a#B","state":{}}\n')
    assert invoke("copy", "-q", str(more), url).exit_code == 0
    assert invoke("append", ID, "next", "a#B", "{}", url=url).exit_code == 0
    ended(invoke("verify", url=url), 0, err=r"esjournal: 7 events verified: sound, protected, .*")
    assert protected(url) is True
    ended(invoke("init", "--protect", url=url), 0, err="esjournal: the journal [^\n]* already; nothing to do\n")


def test_a_journal_is_protected_later_and_an_earlier_one_with_its_upgrade(store_url: str) -> None:
    make_version_1(store_url)
    assert protected(store_url) is None
    result = invoke("init", "--protect", url=store_url)
    ended(result, 0, err=r"esjournal: the journal [^\n]* had schema version 1[^\n]*\nesjournal: the journal [^\n]*\n")
    assert protected(store_url) is True


def test_a_journal_without_a_protection_is_sound(store_url: str) -> None:
    journal_with(store_url, sequence(1))
    assert protected(store_url) is False
    ended(invoke("verify", url=store_url), 0, err=r"esjournal: 1 event verified: sound, (?!protected).*")


def test_what_is_missing_of_a_protection_is_a_finding_and_made_again(url: str) -> None:
    if "sqlite" in url:
        execute(url, "DROP TRIGGER stored_events_no_delete")
        missing = "stored_events_no_delete"
    else:
        execute(url, "ALTER TABLE stored_events DISABLE TRIGGER stored_events_protected")
        missing = "stored_events_protected"
    result = invoke("verify", "-q", url=url)
    assert (result.exit_code, protected(url)) == (1, False)
    assert f"the trigger {missing} is missing or switched off: `esjournal init --protect` makes it" in result.stdout
    ended(invoke("init", "--protect", url=url), 0, err=r"esjournal: the journal \S+ is protected: [^\n]*\n")
    assert (invoke("verify", "-q", url=url).exit_code, protected(url)) == (0, True)


def test_a_trigger_of_that_name_that_refuses_nothing_is_no_protection(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'j.db'}"
    assert invoke("init", "--protect", url=url).exit_code == 0
    empty = "CREATE TRIGGER stored_events_no_delete BEFORE DELETE ON stored_events BEGIN SELECT 1; END"
    execute(url, "DROP TRIGGER stored_events_no_delete", empty)
    assert protected(url) is False
    assert invoke("init", "--protect", url=url).exit_code == 0
    assert protected(url) is True


def test_the_sql_is_printed_and_protects(store_url: str, tmp_path: Path) -> None:
    sql = invoke("init", "--sql", "--protect", url=store_url).stdout
    assert sql.startswith(invoke("init", "--sql", url=store_url).stdout)
    if "sqlite" in store_url:
        path = tmp_path / "by_hand.db"
        with sqlite3.connect(path) as connection:
            connection.executescript(sql)
            connection.execute("INSERT INTO sequence_names VALUES ('a', 'b')")
            with pytest.raises(sqlite3.IntegrityError, match=REFUSED):
                connection.execute("DELETE FROM sequence_names")
