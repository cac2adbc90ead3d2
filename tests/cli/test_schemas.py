"""`list --schemas` and `--all-schemas`: the journals of a PostgreSQL database in one answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.helpers.events import OTHER_ID, sequence
from tests.helpers.postgresql import own_database
from tests.helpers.program import invoke, refused, run
from tests.helpers.stores import execute, journal_with
from tests.helpers.terminal import on_terminal, plain

ALL = [["list", "--schemas"], ["info", "--all-schemas"], ["stats", "--all-schemas"], ["verify", "--all-schemas"]]


def of_schema(database: str, schema: str) -> str:
    return f"{database}{'&' if '?' in database else '?'}schema={schema}"


def lines(*arguments: str, url: str, code: int = 0) -> list[dict[str, Any]]:
    ended = run(*arguments, "-F", "ndjson", url=url)
    assert ended.returncode == code, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.fixture
def database(postgres_server: str) -> Iterator[str]:
    """A database with two journals, and a table of another program that only has the name of a journal's."""
    with own_database(postgres_server) as url:
        journal_with(of_schema(url, "shop"), [*sequence(3), *sequence(2, of=OTHER_ID)])
        journal_with(of_schema(url, "a%26b"), sequence(1))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE esjournal (note text)")
        yield url


def test_the_journals_of_a_database_are_listed(database: str) -> None:
    ended = run("list", "--schemas", url=database)
    assert ended.returncode == 0
    heading, *rows = ended.stdout.splitlines()
    assert re.split("  +", heading) == ["schema", "journal id", "events", "first recorded", "last recorded"]
    times = "2026-01-31T12:00:00Z  2026-01-31T12:00:00Z"
    assert [re.sub(r"[0-9a-f-]{36}", "ID", row) for row in rows] == [
        f"a&b     ID       1  {times}",
        f"shop    ID       5  {times}",
    ]


@pytest.mark.parametrize("command", [["list", "--schemas"], ["stats", "--all-schemas"]])
def test_a_terminal_shows_local_times_or_those_of_utc(database: str, command: list[str]) -> None:
    for utc, expected in (([], "2026-01-31 13:00:00 CET"), (["--utc"], "2026-01-31 12:00:00Z")):
        text = plain(on_terminal(*command, *utc, url=database, columns=160, TZ="Europe/Berlin"))
        assert re.findall(r"2026-01-31[T ]\S+(?: [A-Z]+)?", text) == [expected] * 4


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (120, ["shop", "5", "2026-01-31 12:00:00Z", "2026-01-31 12:00:00Z"]),
        (80, ["shop", "5", "2026-01-31", "2026-01-31"]),
        (40, ["shop", "5", "2026-01-31"]),
    ],
)
def test_a_narrow_terminal_shows_less_of_ids_and_times(database: str, columns: int, expected: list[str]) -> None:
    heading, _, row = plain(on_terminal("list", "--schemas", url=database, columns=columns)).splitlines()
    name, journal_id, *others = re.split("  +", row)
    assert [name, *others] == expected
    assert len(journal_id) == (36 if columns == 120 else 8)
    assert max(len(heading), len(row)) <= columns
    for column in ("journal id", "first"):
        assert row[heading.index(column) - 2 : heading.index(column)] == "  "


def test_each_journal_is_a_line_of_ndjson_that_names_its_schema(database: str) -> None:
    for command in ALL:
        found = lines(*command, url=database)
        assert [line["schema"] for line in found] == ["a&b", "shop"]
        assert [line["events"] for line in found] == [1, 5]


def test_a_line_has_what_the_answer_for_its_journal_has(database: str) -> None:
    shop = of_schema(database, "shop")
    for command in ("info", "stats"):
        line = lines(command, "--all-schemas", url=database)[1]
        assert {"schema": "shop", **json.loads(invoke(command, "-F", "json", url=shop).stdout)} == line
        assert lines(command, url=shop) == [{name: value for name, value in line.items() if name != "schema"}]


def test_tables_have_a_row_for_each_journal(database: str) -> None:
    heading, *rows = run("info", "--all-schemas", url=database).stdout.splitlines()
    headings = ["schema", "journal id", "version", "protected", "events", "sequences", "size", "warnings"]
    assert re.split("  +", heading) == headings
    assert [re.sub(r"[0-9a-f-]{36} +| +[0-9.]+ kB", "", row).split() for row in rows] == [
        ["a&b", "2", "no", "1", "1", "0"],
        ["shop", "2", "no", "5", "2", "0"],
    ]
    heading, *rows = run("stats", "--all-schemas", "--limit", "4", url=database).stdout.splitlines()
    assert re.split("  +", heading) == ["schema", "events", "sequences", "types", "first recorded", "last recorded"]
    assert [row.split()[-5:-2] for row in rows] == [["1", "1", "1"], ["4", "2", "1"]]
    heading, *_ = run("stats", "--all-schemas", url=database).stdout.splitlines()
    assert heading.split()[4] == "size"


def test_the_worst_verdict_is_the_exit_code_of_verify(database: str) -> None:
    ended = run("verify", "--all-schemas", "--digest", url=database)
    assert ended.returncode == 0
    digests = ended.stdout.splitlines()
    assert [line.split("  ")[1].rpartition("schema=")[2] for line in digests] == ["a%26b", "shop"]
    assert re.findall("^esjournal: (.*) verified: sound,", ended.stderr, re.MULTILINE) == [
        "a&b: 1 event",
        "shop: 5 events",
    ]

    execute(of_schema(database, "a&b"), "UPDATE stored_events SET event_type = ''")
    ended = run("verify", "--all-schemas", "--digest", "--per-sequence", url=database)
    assert ended.returncode == 1
    finding, *_ = ended.stdout.splitlines()
    assert finding.startswith("a&b  bad-type          1  ")
    assert [line for line in ended.stdout.splitlines() if line.endswith(f"  shop  {OTHER_ID}")]
    assert [line for line in ended.stderr.splitlines() if line.startswith("esjournal: shop: 5 events verified: sound")]
    found = lines("verify", "--all-schemas", url=database, code=1)
    assert [(line["schema"], line.get("kind"), line.get("findings")) for line in found] == [
        ("a&b", "bad-type", None),
        ("a&b", None, 1),
        ("shop", None, 0),
    ]


@pytest.mark.parametrize("command", ALL)
def test_a_journal_that_cannot_be_read_does_not_hide_the_others(database: str, command: list[str]) -> None:
    execute(of_schema(database, "a&b"), "ALTER TABLE stored_events RENAME TO mislaid")
    ended = run(*command, "-F", "ndjson", url=database)
    assert ended.returncode == 5
    failed, answered = map(json.loads, ended.stdout.splitlines())
    assert (failed["schema"], answered["schema"], answered["events"]) == ("a&b", "shop", 5)
    assert failed["error"]
    message, *_ = ended.stderr.splitlines()
    assert message == f"esjournal: a&b: {failed['error']}"
    table = run(*command, url=database)
    assert table.returncode == 5
    assert message in table.stderr.splitlines()
    if command[0] != "verify":
        assert re.split("  +", table.stdout.splitlines()[1])[:2] == ["a&b", "-"]


def test_a_journal_of_others_is_found_and_the_right_is_named(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS test_tenant")
        connection.execute("CREATE ROLE test_tenant")
        connection.execute("GRANT USAGE ON SCHEMA shop TO test_tenant")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA shop TO test_tenant")
    try:
        ended = run("list", "--schemas", "-F", "ndjson", url=f"{database}&options=-crole%3Dtest_tenant")
        assert ended.returncode == 5
        failed, answered = map(json.loads, ended.stdout.splitlines())
        assert (answered["schema"], answered["events"]) == ("shop", 5)
        assert "permission denied for schema a&b; grant USAGE on the schema" in failed["error"]
    finally:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("DROP OWNED BY test_tenant")
            connection.execute("DROP ROLE test_tenant")


@pytest.mark.parametrize("command", ALL)
def test_a_database_without_a_journal_is_named(postgres_server: str, command: list[str]) -> None:
    with own_database(postgres_server) as url:
        refused(invoke(*command, url=url), 5, "has no journal yet: run ")


@pytest.mark.parametrize("command", ALL)
def test_a_file_is_one_journal(sqlite_url: str, command: list[str]) -> None:
    for url in (sqlite_url, "events.ndjson"):
        refused(invoke(*command, url=url), 2, f"{command[1]} is for a PostgreSQL database")


@pytest.mark.parametrize("command", ALL)
def test_what_names_one_journal_is_refused(command: list[str]) -> None:
    url = "postgresql://nowhere.invalid/shop"
    refused(invoke(*command, url=f"{url}?schema=shop"), 2, "names a schema, and the journals of all schemas are wanted")
    refused(invoke(*command, "--layout", "message-db", url=url), 2, "names a layout, and the journals of all schemas")
    refused(invoke(*command, "-F", "json", url=url), 2, "prints a table or NDJSON: leave out --format json")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--schemas", "--prefix", "9b3"], "leave out the options that select sequences"),
        (["list", "--schemas", "--since", "today"], "leave out the options that select sequences"),
        (["list", "--schemas", "--limit", "0"], "leave out the options that select sequences"),
        (["list", "--schemas", "--sort", "last", "--csv-safe"], "leave out --sort, --csv-safe"),
        (["stats", "--all-schemas", "--svg", "stats.svg"], "leave out --svg"),
    ],
)
def test_options_of_one_journal_are_refused(arguments: list[str], message: str) -> None:
    refused(invoke(*arguments, url="postgresql://nowhere.invalid/shop"), 2, message)


def test_damage_in_one_journal_is_an_error_for_that_one_only(database: str) -> None:
    journal_with(of_schema(database, "torn"), sequence(1))
    execute(of_schema(database, "torn"), "ALTER TABLE stored_events ALTER originator_version TYPE text")
    ended = run("info", "--all-schemas", "-F", "ndjson", url=database)
    assert ended.returncode == 5
    assert [line["schema"] for line in map(json.loads, ended.stdout.splitlines()) if "error" in line] == ["torn"]
