"""A sequence is found by its exact name, its id or the beginning of that; a new name must not be mistaken for one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import psycopg
import pytest

from tests.helpers.other_libraries.commandline import CommandLine
from tests.helpers.other_libraries.urls import make_schema, schema_of, text_of

UPPER = "9B300B13-4410-51BF-85CA-234C8CEA73DA"
LOWER = UPPER.lower()
LAYOUTS = ["message-db", "eventsourcing in SQLite", "eventsourcing in PostgreSQL"]


def id_of(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


def line(originator_id: str, version: int, **others: str) -> str:
    fields = {"originator_id": originator_id, "originator_version": version, "event_type": "T", "state": {}, **others}
    return json.dumps(fields) + "\n"


class Named:
    """A store of another library with sequences of one event each.

    Args:
        cli: the store, for esjournal's commands.
        write: writes the first event of a sequence, as the library does.
        first: the version of that event.
    """

    def __init__(self, cli: CommandLine, write: Callable[[str], None], first: int) -> None:
        self.cli = cli
        self.first = first
        self._write = write

    def has(self, *names: str) -> None:
        """Write the first event of some sequences."""
        for name in names:
            self._write(name)

    def counts(self) -> dict[str, int]:
        """Return the number of events of each sequence, by its name."""
        names = [event.get("sequence_name", event["originator_id"]) for event in self.cli.lines("export")]
        return {name: names.count(name) for name in names}


@pytest.fixture(params=LAYOUTS)
def named(request: pytest.FixtureRequest, tmp_path: Path) -> Named:
    if request.param == LAYOUTS[0]:
        store = request.getfixturevalue("message_db")
        return Named(CommandLine(store.url, "message-db"), lambda name: store.write(name, "Opened", {}), 0)
    if request.param == LAYOUTS[1]:
        path = tmp_path / "names.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, "
                "PRIMARY KEY (originator_id, originator_version))"
            )

        def write(name: str) -> None:
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute("INSERT INTO stored_events VALUES (?, 1, 'Opened', CAST('{}' AS BLOB))", (name,))

        return Named(CommandLine(str(path), "eventsourcing"), write, 1)
    url = request.getfixturevalue("postgres_url")
    make_schema(url)
    schema, server = schema_of(url)

    def execute(statement: str, *values: str) -> None:
        with psycopg.connect(text_of(server), autocommit=True, options=f"-csearch_path={schema}") as connection:
            connection.execute(statement, values)

    execute(
        "CREATE TABLE stored_events (originator_id text, originator_version bigint, topic text, state bytea, "
        "notification_id bigserial, PRIMARY KEY (originator_id, originator_version))"
    )
    insert = (
        "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (%s, 1, 'Opened', '{}')"
    )
    return Named(CommandLine(url, "eventsourcing"), lambda name: execute(insert, name), 1)


def appended(named: Named, name: str, version: str = "next") -> None:
    named.cli.text("append", name, version, "Renamed", "{}")


def test_an_exact_name_that_reads_as_an_id_is_the_sequence(named: Named) -> None:
    named.has("other", UPPER)
    appended(named, UPPER)
    appended(named, UPPER, str(named.first + 2))
    assert named.counts() == {"other": 1, UPPER: 3}
    for command in (["get"], ["log", "--id"], ["export", "--id"]):
        assert {event["sequence_name"] for event in named.cli.lines(*command, UPPER)} == {UPPER}
    assert "Renamed" in named.cli.text("history", UPPER)


def test_the_exact_one_of_two_names_that_differ_in_case_is_the_sequence(named: Named) -> None:
    named.has("other", UPPER, LOWER, "account-1", "Account-1")
    for name in (UPPER, LOWER, "account-1", "Account-1"):
        appended(named, name)
    assert named.counts() == {"other": 1, UPPER: 2, LOWER: 2, "account-1": 2, "Account-1": 2}
    assert {event["originator_id"] for event in named.cli.lines("get", LOWER)} == {LOWER}


@pytest.mark.parametrize("name", ["9b30", "deadbeef", id_of("account-1")[:8], id_of("account-1").upper()])
def test_an_exact_name_comes_before_the_ids_that_it_also_spells(named: Named, name: str) -> None:
    named.has("account-1", LOWER, name)
    appended(named, name)
    assert [event["sequence_name"] for event in named.cli.lines("get", name)] == [name, name]
    assert named.counts() == {"account-1": 1, LOWER: 1, name: 2}


@pytest.mark.parametrize(
    ("there", "given"),
    [
        (UPPER, LOWER),
        (UPPER, LOWER.title()),
        (LOWER, f"{{{UPPER}}}"),
        (UPPER, LOWER.replace("-", "")),
        ("account-1", f"urn:uuid:{id_of('account-1')}"),
        ("account-1", "Account-1"),
        ("Straße-ÉÉ", "STRASSE-e\u0301é"),
    ],
)
def test_no_sequence_is_made_that_differs_only_in_spelling(named: Named, there: str, given: str) -> None:
    named.has("other", there)
    for version in ("next", "0", "1"):
        message = named.cli.refused(2, "append", given, version, "Renamed", "{}")
        assert f"no sequence is named '{given}', but one is named '{there}'" in message
    for command in (["get"], ["history"], ["log", "--id"]):
        assert f"one is named '{there}'" in named.cli.refused(1, *command, given)
    assert named.counts() == {"other": 1, there: 1}


def test_an_id_in_any_case_is_that_of_a_sequence_that_is_there(named: Named) -> None:
    named.has("account-1", LOWER)
    appended(named, id_of("account-1").upper())
    appended(named, UPPER)
    assert named.counts() == {"account-1": 2, LOWER: 2}


def test_the_beginning_of_an_id_is_not_the_name_of_a_new_sequence(named: Named) -> None:
    named.has("account-1", "account-2")
    start = id_of("account-1")[:8]
    message = named.cli.refused(2, "append", start, "next", "Renamed", "{}")
    assert f"no sequence is named '{start}', but the id {id_of('account-1')} begins or ends with that" in message
    assert named.counts() == {"account-1": 1, "account-2": 1}


def test_a_name_that_no_other_is_mistaken_for_is_that_of_a_new_sequence(named: Named) -> None:
    named.has("account-1")
    appended(named, "0000")
    appended(named, LOWER)
    appended(named, "account-10")
    assert named.counts() == {"account-1": 1, "0000": 1, LOWER: 1, "account-10": 1}


def test_a_sequence_that_has_a_word_of_append_as_its_name_is_written_as_its_id(named: Named) -> None:
    named.has("other", "new", "next", "-")
    message = named.cli.refused(2, "append", "new", "next", "Renamed", "{}")
    assert "'new' asks for a new sequence, but one of" in message
    assert f"write the id of that one, {id_of('new')}" in message
    message = named.cli.refused(2, "append", "-", "next", "Renamed", "{}")
    assert f"A sequence whose name is - is written as its id, {id_of('-')}" in message
    for given in (id_of("new"), id_of("-"), "next"):
        appended(named, given)
    for name in ("new", "next", "-"):
        assert len(named.cli.lines("get", name)) == 2
    assert named.counts() == {"other": 1, "new": 2, "next": 2, "-": 2}


def test_lines_without_names_make_no_sequence_that_differs_only_in_case(named: Named, tmp_path: Path) -> None:
    named.has("other", UPPER)
    before = named.counts()
    given = line(UPPER, named.first) + line(id_of("other"), named.first + 1)
    reason = f"no sequence is named {LOWER}, but one is named '{UPPER}': write the id of that one, {id_of(UPPER)}, or"
    assert reason in named.cli.refused(3, "append", "-", input=given)
    assert reason in named.cli.refused(3, "append", "-", input=line(UPPER, named.first))
    result = named.cli.run("import", "-", input=given)
    assert (result.exit_code, f"standard input:1: {reason}" in result.stderr) == (3, True), result.stderr
    assert named.counts() == before
    rejects = tmp_path / "rejects.ndjson"
    assert named.cli.run("import", "-", "--rejects", str(rejects), input=given).exit_code == 3
    assert [json.loads(each)["originator_id"] for each in rejects.read_text().splitlines()] == [LOWER]
    assert named.counts() == {"other": 2, UPPER: 1}


def test_a_name_that_comes_with_its_id_is_taken_as_it_is(named: Named) -> None:
    # It must be possible to copy a store that has both.
    named.has("account-1")
    given = line(id_of("Account-1"), named.first, sequence_name="Account-1")
    named.cli.text("import", "-", "-q", input=given)
    assert named.counts() == {"account-1": 1, "Account-1": 1}
