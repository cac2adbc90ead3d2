"""Triggers of others on a journal's table: none makes an event count as stored that is not, or hides one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from psycopg import errors

from tests.helpers.events import ID, OTHER_ID, event, generated, sequence
from tests.helpers.other_libraries.tables import writer
from tests.helpers.program import invoke
from tests.helpers.stores import file_with, journal_with

OUTBOX = "CREATE TABLE outbox (position bigint)"
# What runs before or after an insert, for the type of the event that is inserted.
TRIGGERS = {
    "sqlite": {
        "discarding": "CREATE TRIGGER t BEFORE INSERT ON stored_events WHEN new.event_type = 'x' "
        "BEGIN SELECT raise(IGNORE); END",
        "copying": "CREATE TRIGGER t AFTER INSERT ON stored_events BEGIN INSERT INTO outbox VALUES (1); END",
    },
    "postgresql": {
        "discarding": "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN IF new.event_type = ''x'' THEN RETURN NULL; END IF; RETURN new; END'; "
        "CREATE TRIGGER t BEFORE INSERT ON stored_events FOR EACH ROW EXECUTE FUNCTION f()",
        "copying": "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO outbox VALUES (1); RETURN NULL; END'; "
        "CREATE TRIGGER t AFTER INSERT ON stored_events FOR EACH ROW EXECUTE FUNCTION f()",
    },
}


def with_trigger(url: str, kind: str) -> str:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute(OUTBOX)
            connection.execute(TRIGGERS["sqlite"][kind])
    else:
        with writer(url) as server:
            server.execute(OUTBOX)
            try:
                server.execute(TRIGGERS["postgresql"][kind].encode())
            except errors.InternalError_ as refusal:
                # Citus takes none on tables that it keeps on workers.
                pytest.skip(str(refusal))
    return url


def count(url: str) -> int:
    return len(invoke("export", url=url).stdout.splitlines())


@pytest.mark.parametrize("there", [0, 1], ids=["empty", "not-empty"])
@pytest.mark.parametrize("events", [1, 3, 3_000])
def test_events_that_a_trigger_discards_are_not_reported_as_stored(
    store_url: str, tmp_path: Path, events: int, there: int
) -> None:
    url = with_trigger(journal_with(store_url, sequence(there)), "discarding")
    given = [
        found._replace(event_type="x") if number == events - 1 else found
        for number, found in enumerate(generated(events))
    ]
    result = invoke("import", str(file_with(tmp_path / "e.ndjson", given)), url=url)
    assert (result.exit_code, result.stdout) == (5, "")
    assert "because a trigger or a rule of its table discards the others: remove it" in result.stderr
    assert count(url) == there


@pytest.mark.parametrize("version", ["0", "next"])
def test_an_append_that_a_trigger_discards_fails(store_url: str, version: str) -> None:
    url = with_trigger(journal_with(store_url, []), "discarding")
    result = invoke("append", ID, version, "x", "{}", url=url)
    assert (result.exit_code, result.stdout) == (5, "")
    assert "takes only 0 of 1 event, because a trigger" in result.stderr


@pytest.mark.parametrize(
    "rule", ["DO INSTEAD NOTHING", "WHERE new.event_type = 'x' DO INSTEAD NOTHING"], ids=["all", "some"]
)
def test_an_append_that_a_rule_could_discard_fails(postgres_url: str, rule: str) -> None:
    url = journal_with(postgres_url, [])
    with writer(url) as server:
        server.execute(f"CREATE RULE r AS ON INSERT TO stored_events {rule}".encode())
    result = invoke("append", ID, "0", "x", "{}", url=url)
    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr.endswith("; if a rule of the table is in the way, remove it\n")
    assert count(url) == 0


def test_an_append_with_a_rule_that_writes_elsewhere_too_succeeds(postgres_url: str) -> None:
    url = journal_with(postgres_url, [])
    with writer(url) as server:
        server.execute(OUTBOX.encode())
        server.execute(b"CREATE RULE r AS ON INSERT TO stored_events DO ALSO INSERT INTO outbox VALUES (7)")
    assert invoke("append", ID, "0", "x", "{}", url=url).stdout == "1\n"
    assert count(url) == 1


def test_rows_that_a_trigger_writes_elsewhere_are_not_counted(store_url: str, tmp_path: Path) -> None:
    url = with_trigger(journal_with(store_url, [event(5, of=OTHER_ID)]), "copying")
    given = [*sequence(4), event(5, of=OTHER_ID)._replace(state='{"other":1}'), event(6, of=OTHER_ID)]
    result = invoke("import", str(file_with(tmp_path / "e.ndjson", given)), "--rejects", str(tmp_path / "r"), url=url)
    assert result.exit_code == 4, result.stderr
    stored = [json.loads(line) for line in invoke("export", url=url).stdout.splitlines()]
    assert [(found["originator_id"], found["originator_version"]) for found in stored] == [
        (OTHER_ID, 5),
        *((ID, version) for version in range(4)),
        (OTHER_ID, 6),
    ]
