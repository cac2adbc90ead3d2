"""`info` recognises the tables of other libraries; what a layout cannot open is refused in one line."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.helpers.other_libraries.bank import Bank
from tests.helpers.other_libraries.message_store import MessageDb
from tests.helpers.other_libraries.urls import is_sqlite, schema_of, text_of
from tests.helpers.program import invoke

EVENTS_9 = "(originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, PRIMARY KEY (1, 2))".replace(
    "(1, 2)", "(originator_id, originator_version)"
)
EVENTS_4 = "(originator_id BLOB, originator_version BIGINT, event_type TEXT, state TEXT)"
TIMED = "019a7c3e-5b1f-7abc-b123-4567deadbeef"
COMMANDS = [
    ["export"],
    ["get", "9b30"],
    ["list"],
    ["log"],
    ["history", "9b30"],
    ["stats"],
    ["verify"],
    ["info"],
    ["append", "9b300b13-4410-51bf-85ca-234c8cea73da", "0", "a", "{}"],
    ["import", "-"],
]
every_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])


def file_with(path: Path, *statements: str) -> str:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    return str(path)


def refused(exit_code: int, message: str, *arguments: str, url: str) -> None:
    result = invoke(*arguments, url=url, input="")
    assert (result.exit_code, result.stdout) == (exit_code, ""), result.output
    assert re.fullmatch(f"esjournal: [^\n]*{message}[^\n]*\n", result.stderr), result.stderr
    assert "secret" not in result.stderr


def found(url: str) -> list[tuple[str, str]]:
    layouts = json.loads(invoke("info", "-F", "json", url=url).stdout)["layouts"]
    return [(each["layout"], each["table"]) for each in layouts]


def named(url: str) -> list[str]:
    lines = invoke("info", url=url).stdout.splitlines()
    return [re.split(r"  +", line, maxsplit=1)[1] for line in lines[2:]]


def test_a_bank_is_shown_with_its_name(store_url: str, open_bank: Callable[..., Bank]) -> None:
    open_bank(store_url).make(accounts=1, events=3)
    if is_sqlite(store_url):
        assert named(store_url) == ["--layout eventsourcing"]
        assert found(store_url) == [("eventsourcing", "stored_events")]
    else:
        # Snapshots have no notification ids, so they do not count as events.
        assert named(store_url) == ["--layout eventsourcing --table bank_events"]
        assert found(store_url) == [("eventsourcing", "bank_events")]


def test_a_schema_that_the_url_does_not_name_is_reported(postgres_url: str, open_bank: Callable[..., Bank]) -> None:
    open_bank(postgres_url).make(accounts=1, events=1)
    schema, server = schema_of(postgres_url)
    told = f"--layout eventsourcing --table bank_events, and schema={schema} in the URL"
    with psycopg.connect(text_of(server)) as connection:
        connection.execute("SELECT 1")
    assert told in named(text_of(server))


def test_only_the_schema_that_the_url_names_is_reported(postgres_url: str, open_bank: Callable[..., Bank]) -> None:
    open_bank(postgres_url).make(accounts=1, events=1)
    schema, _ = schema_of(postgres_url)
    refused(5, "has no journal yet", "info", url=postgres_url.replace(schema, "another"))


def test_message_db_is_recognised_without_its_schema(message_db: MessageDb) -> None:
    without = message_db.url.replace("?schema=message_store", "?").replace("&schema=message_store", "")
    assert named(without) == ["--layout message-db"]
    message_db.write("account-1", "Opened", {})
    assert invoke("export", "--layout", "message-db", url=without).stdout.count("account-1") == 1


def test_several_tables_are_listed_and_one_must_be_named(tmp_path: Path) -> None:
    url = file_with(tmp_path / "apps.db", f"CREATE TABLE one_events {EVENTS_9}", f"CREATE TABLE two_events {EVENTS_9}")
    assert found(url) == [("eventsourcing", "one_events"), ("eventsourcing", "two_events")]
    assert named(url) == ["--layout eventsourcing --table one_events", "--layout eventsourcing --table two_events"]
    refused(
        5, "name one with --table or &table=: one_events, two_events", "export", "--layout", "eventsourcing", url=url
    )
    result = invoke("export", "--layout", "eventsourcing", "--table", "two_events", url=url)
    assert (result.exit_code, result.stdout) == (0, "")


def test_the_only_table_needs_no_name(tmp_path: Path) -> None:
    url = file_with(tmp_path / "app.db", f"CREATE TABLE one_events {EVENTS_9}")
    assert invoke("export", "--layout", "eventsourcing", url=url).exit_code == 0


@every_command
def test_an_unknown_layout_is_refused(tmp_path: Path, command: list[str]) -> None:
    url = file_with(tmp_path / "app.db", f"CREATE TABLE stored_events {EVENTS_9}")
    known = "eventsourcing, eventsourcing-4, message-db"
    refused(2, f"the layout 'eventstore' is not known: name one of {known}", *command, url=f"{url}?layout=eventstore")
    known = "'eventsourcing', 'eventsourcing-4', 'message-db'"
    refused(2, f"'eventstore' is not one of {known}.", *command, "--layout", "eventstore", url=url)


@every_command
def test_a_table_that_is_not_there_is_refused(tmp_path: Path, command: list[str]) -> None:
    url = file_with(tmp_path / "app.db", f"CREATE TABLE stored_events {EVENTS_9}")
    options = ["--layout", "eventsourcing", "--table", "none"]
    refused(
        5,
        "has no table none of the layout eventsourcing: run `esjournal info` to see what",
        *command,
        *options,
        url=url,
    )
    refused(5, "has no table of the layout message-db", *command, "--layout", "message-db", url=url)


@every_command
def test_a_server_is_named_without_its_password(postgres_url: str, command: list[str]) -> None:
    url = postgres_url.replace("postgres:@", "postgres:secret@")
    assert "secret" in url
    refused(5, "has no table of the layout eventsourcing", *command, "--layout", "eventsourcing", url=url)


def test_init_makes_no_tables_of_others(store_url: str) -> None:
    separator = "&" if "?" in store_url else "?"
    url = f"{store_url}{separator}layout=eventsourcing"
    for options in ([], ["--sql"]):
        result = invoke("init", *options, url=url)
        if result.exit_code == 2 and "No such option" in result.output:
            continue
        assert (result.exit_code, result.stdout) == (2, "")
        assert "whose tables are made by its own library: leave it out to make a journal" in result.stderr
    assert not is_sqlite(store_url) or not Path(store_url.removeprefix("sqlite:///")).exists()


def test_a_table_without_a_layout_is_a_mistake(tmp_path: Path) -> None:
    url = file_with(tmp_path / "app.db", f"CREATE TABLE stored_events {EVENTS_9}")
    result = invoke("export", "--table", "stored_events", url=url)
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_store_of_an_unknown_program_is_reported_as_before(tmp_path: Path) -> None:
    url = file_with(tmp_path / "other.db", "CREATE TABLE stored_events (a)")
    refused(5, "is another program's SQLite database", "info", url=url)


def test_our_own_table_is_not_reported_as_another_librarys(store_url: str) -> None:
    invoke("init", url=store_url)
    for layout in ("eventsourcing", "eventsourcing-4"):
        refused(5, "has no table of the layout", "export", "--layout", layout, url=store_url)


# Text from a database that others made is never obeyed


def test_a_table_with_quotes_in_its_name_is_a_name(tmp_path: Path) -> None:
    evil = 'x"; DROP TABLE stored_events; --'
    quoted = '"' + evil.replace('"', '""') + '"'
    url = file_with(
        tmp_path / "evil.db", f"CREATE TABLE {quoted} {EVENTS_9}", f"INSERT INTO {quoted} VALUES ('i', 1, 't', '{{}}')"
    )
    assert found(url) == [("eventsourcing", evil)]
    result = invoke("export", "--layout", "eventsourcing", url=url)
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert invoke("export", "--layout", "eventsourcing", "--table", evil, url=url).stdout == result.stdout


def test_a_table_with_quotes_in_its_name_is_a_name_on_a_server(
    postgres_url: str, open_bank: Callable[..., Bank]
) -> None:
    open_bank(postgres_url).make(accounts=1, events=2)
    schema, server = schema_of(postgres_url)
    with psycopg.connect(text_of(server), autocommit=True) as connection:
        connection.execute(f'ALTER TABLE "{schema}".bank_events RENAME TO "x""; DROP TABLE bank_snapshots; --"')
    for command in (["export"], ["log"], ["list"], ["info"], ["get", "0000"]):
        result = invoke(*command, "--layout", "eventsourcing", url=postgres_url)
        assert result.exit_code in (0, 1), result.output
    account = "9b300b13-4410-51bf-85ca-234c8cea73da"
    result = invoke("append", account, "next", "a", "{}", "--layout", "eventsourcing", url=postgres_url)
    assert (result.exit_code, result.stdout) == (0, "3\n"), result.output


def test_stored_text_never_controls_a_terminal(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07[red]\u202egnp\x9b31m[/]"
    table = f"CREATE TABLE stored_events {EVENTS_9}"
    path = tmp_path / "evil.db"
    file_with(path, table)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO stored_events VALUES (?, ?, ?, ?)",
            [(f"name{evil}", version, f"type{evil}", b'{"a":"' + evil.encode() + b'"}') for version in (1, 2)],
        )
    for command in (
        ["log"],
        ["log", "--full"],
        ["get", f"name{evil}"],
        ["history", f"name{evil}"],
        ["list"],
        ["stats"],
        ["verify"],
        ["info"],
    ):
        result = invoke(*command, "--layout", "eventsourcing", url=str(path))
        for output in (result.stdout, result.stderr):
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", output), (command, output)


def test_the_name_of_a_table_never_drives_a_terminal(tmp_path: Path) -> None:
    evil = "x\x1b]0;owned\x07[red]\u202e[/]"
    one, two = (f'CREATE TABLE "{evil}{number}" {EVENTS_9}' for number in (1, 2))
    url = file_with(tmp_path / "evil.db", one, two)
    for command in (["info"], ["export", "--layout", "eventsourcing"]):
        result = invoke(*command, url=url)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", result.output), result.output


def test_a_view_is_not_a_table(tmp_path: Path) -> None:
    url = file_with(
        tmp_path / "view.db",
        f"CREATE TABLE hidden (rowid_ INTEGER, {EVENTS_9[1:]}",
        "CREATE VIEW stored_events AS SELECT load_extension('evil') AS originator_id, 1 AS originator_version, "
        "'t' AS topic, '{}' AS state",
    )
    refused(5, "has no table of the layout eventsourcing", "export", "--layout", "eventsourcing", url=url)


KINDS = [
    "(NULL, 1, 't', '{}')",
    "(x'00', 1, 't', '{}')",
    "('9b300b13441051bf85ca234c8cea73da', 'one', 't', '{}')",
    "('9b300b13441051bf85ca234c8cea73da', 1, NULL, '{}')",
    "('9b300b13441051bf85ca234c8cea73da', 1, x'ff', '{}')",
    "('9b300b13441051bf85ca234c8cea73da', 1, 't', 5)",
    "('9b300b13441051bf85ca234c8cea73da', 1, 't', NULL)",
]


@pytest.mark.parametrize("row", KINDS)
@pytest.mark.parametrize("command", ["export", "log"])
def test_a_value_of_another_kind_is_bad_data_with_its_position(tmp_path: Path, row: str, command: str) -> None:
    url = file_with(
        tmp_path / "kinds.db", f"CREATE TABLE stored_events {EVENTS_9}", f"INSERT INTO stored_events VALUES {row}"
    )
    result = invoke(command, "--layout", "eventsourcing", url=url)
    assert (result.exit_code, result.stdout) == (3, ""), result.output
    assert re.fullmatch("esjournal: global position 1: [^\n]+, not (text|an integer)\n", result.stderr), result.stderr
    assert invoke("info", "--layout", "eventsourcing", url=url).exit_code == 0


@pytest.mark.parametrize("row", KINDS)
def test_a_value_of_another_kind_is_bad_data_for_what_counts_and_a_finding_of_verify(tmp_path: Path, row: str) -> None:
    sound = ", ".join(f"('{'9b' * 16}', {version}, 't', x'7b7d')" for version in (2, 3))
    url = file_with(
        tmp_path / "kinds.db",
        f"CREATE TABLE stored_events {EVENTS_9}",
        f"INSERT INTO stored_events VALUES {sound}",
        f"INSERT INTO stored_events VALUES {row}",
    )
    reason = r"kinds.db\?layout=eventsourcing:3:? +[a-z_]+ [^\n]+ is \w+, not (str|int)"
    for command in ("list", "stats"):
        refused(3, reason, command, "--layout", "eventsourcing", url=url)
    result = invoke("verify", "--layout", "eventsourcing", url=url)
    assert result.exit_code == 1
    [finding] = [found for found in result.stdout.splitlines() if found.startswith("bad-line")]
    assert re.search(reason, finding)
    assert "2 events verified" in result.stderr


@pytest.mark.parametrize(
    "command", [["get"], ["history"], ["log", "--id"], ["export", "--id"]], ids=lambda each: each[0]
)
def test_a_name_is_not_looked_for_where_sequences_have_none(tmp_path: Path, command: list[str]) -> None:
    row = f"INSERT INTO stored_events VALUES ('{'9b' * 16}', 1, 'a', x'7b7d')"
    url = file_with(tmp_path / "app.db", f"CREATE TABLE stored_events {EVENTS_9}", row)
    message = "'Ann' is not a UUID, nor the beginning or end of one, and the sequences of .* have no names"
    refused(1, f"nothing found: {message}", *command, "Ann", "--layout", "eventsourcing", url=url)


@pytest.mark.parametrize(
    ("layout", "columns", "stored"),
    [
        ("eventsourcing", EVENTS_9, f"'{TIMED.replace('-', '')}', 1, 'a', x'7b7d'"),
        ("eventsourcing", EVENTS_9, f"'{TIMED}', 1, 'a', x'7b7d'"),
        ("eventsourcing-4", EVENTS_4, f"x'{TIMED.replace('-', '')}', 1, 'a', '{{}}'"),
    ],
    ids=["digits", "name", "bytes"],
)
def test_an_id_that_begins_with_the_time_is_found_by_its_end(
    tmp_path: Path, layout: str, columns: str, stored: str
) -> None:
    url = file_with(
        tmp_path / "app.db",
        f"CREATE TABLE stored_events {columns}",
        f"INSERT INTO stored_events VALUES ({stored})",
    )
    for part in (TIMED[:13], TIMED[-8:], TIMED):
        result = invoke("get", part, "-F", "csv", "--layout", layout, url=url)
        assert result.stdout.splitlines()[1].startswith(TIMED), result.stderr
