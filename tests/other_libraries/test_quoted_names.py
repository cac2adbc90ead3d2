"""Schemas and tables of any name are found, read and written, and `info` prints options that a shell can use."""

from __future__ import annotations

import re
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from tests.helpers.other_libraries.urls import text_of
from tests.helpers.program import invoke

pytestmark = pytest.mark.long

NAMES = [
    "my events",
    "tenant-a",
    "Upper",
    "a.b",
    'a "quoted" name',
    "it's",
    "100%",
    "a%s_events%%",
    "%(name)s",
    "select",
    "a;b--c",
    "a&b=c#d?e+f/g",
    "\\x",
    "$HOME `id` $(id)",
    "Zo\u00eb \u65e5\u672c",
    "-x",
    "*",
    "tab\there",
    "n" * 63,
]
every_name = pytest.mark.parametrize("name", NAMES)
ACCOUNT = "9b300b13-4410-51bf-85ca-234c8cea73da"
READING = [["export"], ["log"], ["get", ACCOUNT], ["list"], ["stats"], ["history", ACCOUNT], ["info"]]
APPLICATION = sql.SQL(
    "CREATE TABLE {} (originator_id uuid, originator_version bigint, topic text, state bytea, "
    "notification_id bigserial, PRIMARY KEY (originator_id, originator_version))"
)


@pytest.fixture
def database(postgres_server: str) -> Iterator[str]:
    """The URL of a database of the test's own."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield text_of(make_url(postgres_server).set(database=name))
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def with_parameters(url: str, **parameters: str) -> str:
    added = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    return f"{url}{'&' if '?' in url else '?'}{added}"


def advised(url: str) -> tuple[str, list[str]]:
    """Return the URL and the options that `info` suggests for the only table, after a shell has split them."""
    result = invoke("info", url=url)
    assert result.exit_code == 0, result.output
    [line] = result.stdout.splitlines()[2:]
    advice = re.split(r"  +", line, maxsplit=1)[1]
    found = re.fullmatch(r"(?P<options>.*?)(?:(?:, and )?(?P<parameters>\S+) in the URL)?", advice)
    assert found is not None
    if found["parameters"]:
        url += f"{'&' if '?' in url else '?'}{found['parameters']}"
    return url, shlex.split(found["options"])


def check_that_all_works(url: str, options: list[str]) -> None:
    for version in (1, 2):
        result = invoke("append", ACCOUNT, str(version), "a:B", '{"n":1}', *options, url=url)
        assert (result.exit_code, result.stdout) == (0, f"{version}\n"), result.output
    assert invoke("append", ACCOUNT, "next", "a:B", '{"n":1}', *options, url=url).exit_code == 0
    assert invoke("append", ACCOUNT, "2", "a:B", '{"n":2}', *options, url=url).exit_code == 4
    for command in READING:
        result = invoke(*command, *options, url=url)
        assert result.exit_code == 0, (command, result.output)
    exported = invoke("export", *options, url=url).stdout
    assert exported.count("\n") == 3
    more = "".join(exported.replace(ACCOUNT, str(uuid4())) for _ in range(20))
    for expected in ("60 appended", "60 already there"):
        result = invoke("import", "-", *options, url=url, input=more)
        assert (result.exit_code, expected in result.stderr) == (0, True), result.output
    result = invoke("verify", *options, url=url)
    assert result.exit_code == 0, result.output


def check_that_it_is_copied(url: str, folder: Path) -> None:
    target = str(folder / "copy.ndjson")
    result = invoke("copy", url, target)
    assert result.exit_code == 0, result.output
    result = invoke("diff", url, target)
    assert result.exit_code == 0, result.output


@every_name
def test_a_table_of_any_name_in_sqlite(name: str, tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    quoted = '"' + name.replace('"', '""') + '"'
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            f"CREATE TABLE {quoted} (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, "
            "PRIMARY KEY (originator_id, originator_version))"
        )
    check_that_all_works(*advised(path))
    check_that_it_is_copied(with_parameters(path, layout="eventsourcing", table=name), tmp_path)


@every_name
def test_a_schema_and_a_table_of_any_name_in_postgresql(name: str, database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        connection.execute(APPLICATION.format(sql.Identifier(name, name)))
    check_that_all_works(*advised(database))
    check_that_it_is_copied(with_parameters(database, layout="eventsourcing", schema=name, table=name), tmp_path)


@every_name
def test_a_journal_in_a_schema_of_any_name(name: str, database: str, tmp_path: Path) -> None:
    made = invoke("init", "--schema", name, url=database)
    assert made.exit_code == 0, made.output
    url = with_parameters(database, schema=name)
    check_that_all_works(url, [])
    # The URL in the message can be pasted.
    shown = made.stderr.partition(" in ")[2].strip()
    assert invoke("export", url=shown).stdout == invoke("export", url=url).stdout
    assert invoke("init", url=url).exit_code == 0
    check_that_it_is_copied(url, tmp_path)


@pytest.mark.parametrize("name", ["n" * 64, "\u00e9" * 32, "a\0b"])
def test_a_name_that_postgresql_has_not_is_refused(database: str, name: str) -> None:
    for parameters in ({"schema": name}, {"layout": "eventsourcing", "table": name}):
        result = invoke("info", url=with_parameters(database, **parameters))
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        assert re.search("longer than 63 bytes, the most that PostgreSQL allows|no name can have", result.stderr)


def test_a_schema_that_others_use_is_advised_where_it_is_not_found_without_it(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(APPLICATION.format(sql.Identifier("public", "stored_events")))
        connection.execute("CREATE SCHEMA other")
    assert invoke("info", url=with_parameters(database, options="-csearch_path=other")).stdout.endswith(
        "--layout eventsourcing, and schema=public in the URL\n"
    )
    assert invoke("info", url=database).stdout.endswith("--layout eventsourcing\n")


@pytest.mark.parametrize("name", ["it's", "my events", 'a "quoted" name'])
def test_the_statement_that_sets_a_sequence_forward_can_be_run_as_it_is_shown(database: str, name: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        connection.execute(APPLICATION.format(sql.Identifier(name, name)))
        row = sql.SQL("INSERT INTO {} VALUES (%s, 1, 'a:B', '{{}}', 50)").format(sql.Identifier(name, name))
        connection.execute(row, (ACCOUNT,))
        url = with_parameters(database, layout="eventsourcing", schema=name, table=name)
        advice = re.search("run `(SELECT setval.*)`", invoke("info", url=url).stdout)
        assert advice is not None
        connection.execute(advice[1].encode())
    assert "setval" not in invoke("info", url=url).stdout
