"""If events become visible out of the order of their positions, cursors, followers and copies are refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from esjournal.exceptions import OutOfOrder, StoreLocked
from esjournal.journal.journal import initialise, open_journal
from esjournal.journal.journalstore import open_event_store
from esjournal.journal.read.follow import follow
from tests.helpers.events import event, generated, sequence
from tests.helpers.other_libraries.tables import INSERTS, SEQUENCES, TABLES, writer
from tests.helpers.program import invoke, run
from tests.helpers.standby import Standby
from tests.helpers.stores import file_with, journal_with

every_layout = pytest.mark.parametrize("layout", list(TABLES))


@pytest.fixture
def others(postgres_url: str) -> Callable[[str], str]:
    """Make a table of another library with two events, and return its URL."""

    def make(layout: str) -> str:
        with writer(postgres_url) as connection:
            connection.execute(TABLES[layout])
            for _ in range(2):
                connection.execute(INSERTS[layout])
        return f"{postgres_url}&layout={layout}"

    return make


def refused(url: str, tmp_path: Path, reason: str) -> None:
    """Check that everything that continues from a position is refused, with the reason, and writes no file."""
    target = journal_with(str(tmp_path / f"{uuid4().hex}.db"), [])
    cursor, output = tmp_path / "cursor", tmp_path / "out.ndjson"
    for command in (
        ["--url", url, "export", "--cursor-file", str(cursor), "-o", str(output)],
        ["--url", url, "export", "--after", "1", "-o", str(output)],
        ["--url", url, "log", "--after", "1"],
        ["--url", url, "log", "-f", "-F", "ndjson"],
        ["--url", url, "log", "-f", "-F", "ndjson", "-n", "0"],
        ["--url", url, "log", "-f", "-F", "ndjson", "--cursor-file", str(cursor)],
        ["copy", url, target],
        ["copy", url, target, "--dry-run"],
        ["copy", url, target, "--cursor-file", str(cursor)],
        ["copy", url, str(output)],
    ):
        result = invoke(*command)
        assert (result.exit_code, result.stdout) == (5, ""), (command, result.output)
        assert re.fullmatch(f"esjournal: [^\n]*because events would be missed: [^\n]*{reason}[^\n]*\n", result.stderr)
    assert not cursor.exists()
    assert not output.exists()
    with open_journal(url) as journal, pytest.raises(OutOfOrder, match=reason):
        next(follow(journal, after=0))
    with open_journal(url) as journal, pytest.raises(OutOfOrder, match=reason):
        next(journal.events.all_items(after=1))


def warnings(url: str) -> list[str]:
    """Return the warnings of `info`."""
    result = invoke("info", "-F", "json", url=url)
    assert result.exit_code == 0, result.stderr
    found: list[str] = json.loads(result.stdout)["warnings"]
    return found


def read(url: str) -> int:
    """Return how many events are read by commands that do not continue from a position."""
    result = invoke("export", url=url)
    assert result.exit_code == 0, result.stderr
    assert invoke("log", "-n", "1", url=url).exit_code == 0
    return result.stdout.count("\n")


# Sequences that hand out positions in advance


@every_layout
def test_cached_positions_of_a_connection_are_refused_and_reported(
    others: Callable[[str], str], tmp_path: Path, layout: str
) -> None:
    url = others(layout)
    assert warnings(url) == []
    with writer(url.split("&layout")[0]) as connection:
        connection.execute(f"ALTER SEQUENCE {SEQUENCES[layout]} CACHE 10")
    refused(url, tmp_path, f"takes 10 positions at a time.*`ALTER SEQUENCE .*{SEQUENCES[layout]} CACHE 1`")
    assert "CACHE 1`, have every writer connect again" in warnings(url)[0]
    assert read(url) == 2
    with writer(url.split("&layout")[0]) as connection:
        connection.execute(f"ALTER SEQUENCE {SEQUENCES[layout]} CACHE 1")
    target = journal_with(str(tmp_path / "target.db"), [])
    copied = invoke("copy", url, target, "--cursor-file", str(tmp_path / "cursor"))
    assert copied.exit_code == 0, copied.stderr


@pytest.mark.parametrize(
    "column",
    [
        "notification_id bigint GENERATED ALWAYS AS IDENTITY (CACHE 5)",
        "notification_id bigint DEFAULT nextval('\"Cached\"')",
        "notification_id bigint DEFAULT nextval('\"Cached\"') + 0",
    ],
)
def test_the_sequence_is_found_however_it_feeds_the_column(postgres_url: str, tmp_path: Path, column: str) -> None:
    with writer(postgres_url) as connection:
        connection.execute('CREATE SEQUENCE "Cached" CACHE 5')
        connection.execute(TABLES["eventsourcing"].replace("notification_id bigserial", column))
        connection.execute(
            INSERTS["eventsourcing"].replace(
                "stored_events", "stored_events(originator_id, originator_version, topic, state)"
            )
        )
    refused(f"{postgres_url}&layout=eventsourcing", tmp_path, "takes 5 positions at a time")


@pytest.mark.parametrize("change", ["SET DEFAULT next_one()", "DROP DEFAULT"])
def test_a_column_that_no_sequence_is_known_to_feed_is_refused(
    postgres_url: str, tmp_path: Path, change: LiteralString
) -> None:
    with writer(postgres_url) as connection:
        connection.execute("CREATE SEQUENCE cached CACHE 5")
        connection.execute("CREATE FUNCTION next_one() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''cached'')'")
        connection.execute(TABLES["eventsourcing"].replace("bigserial", "bigint DEFAULT 1"))
        connection.execute(INSERTS["eventsourcing"])
        connection.execute("ALTER TABLE stored_events ALTER COLUMN notification_id " + change)
    refused(f"{postgres_url}&layout=eventsourcing", tmp_path, "what assigns the positions of .* is unknown")


@pytest.mark.parametrize("position", [-5, 0])
def test_readers_do_not_pass_over_a_position_below_1(store_url: str, tmp_path: Path, position: int) -> None:
    journal_with(store_url, sequence(3))
    target = journal_with(str(tmp_path / "target.db"), [])
    with open_journal(store_url) as journal, journal.events.session.connection() as connection:
        table = journal.events.session.table_name("stored_events")
        connection.execute(f"UPDATE {table} SET global_position = {position} WHERE global_position = 2")
    for command in (["--url", store_url, "export"], ["--url", store_url, "log"], ["copy", store_url, target]):
        result = invoke(*command)
        assert (result.exit_code, result.stdout) == (5, ""), (command, result.output)
        assert f"its first global position is {position}, and readers begin at 1" in result.stderr
    assert "bad-position" in invoke("verify", "-F", "ndjson", url=store_url).stdout


def test_a_sequence_that_counts_down_is_refused(postgres_url: str, tmp_path: Path) -> None:
    with writer(postgres_url) as connection:
        connection.execute("CREATE SEQUENCE down INCREMENT -1 MAXVALUE 1000")
        connection.execute(TABLES["eventsourcing"].replace("bigserial", "bigint DEFAULT nextval('down')"))
        connection.execute(INSERTS["eventsourcing"])
    refused(f"{postgres_url}&layout=eventsourcing", tmp_path, "counts down")


def test_another_sequence_may_cache_numbers(others: Callable[[str], str], tmp_path: Path) -> None:
    url = others("eventsourcing")
    with writer(url.split("&layout")[0]) as connection:
        connection.execute("ALTER TABLE stored_events ADD COLUMN other integer GENERATED ALWAYS AS IDENTITY (CACHE 9)")
        connection.execute("ALTER TABLE stored_events ALTER COLUMN other DROP IDENTITY, DROP COLUMN other")
        connection.execute("CREATE SEQUENCE other CACHE 9 OWNED BY stored_events.originator_version")
    assert warnings(url) == []
    assert invoke("export", "--after", "1", url=url).exit_code == 0


# Standbys


@every_layout
def test_the_tables_of_others_are_refused_on_a_standby_and_read_plainly(
    others: Callable[[str], str], standby: Standby, tmp_path: Path, layout: str
) -> None:
    url = standby.url_of(others(layout))
    standby.catch_up()
    refused(url, tmp_path, "this is a standby.*name the primary")
    assert "this is a standby" in warnings(url)[0]
    assert read(url) == 2


def test_a_journal_is_read_on_a_standby_with_a_cursor_and_nothing_is_missed(
    postgres_url: str, standby: Standby, tmp_path: Path
) -> None:
    journal_with(postgres_url, sequence(3))
    url, cursor = standby.url_of(postgres_url), str(tmp_path / "cursor")

    def new() -> list[int]:
        standby.catch_up()
        result = invoke("export", "--cursor-file", cursor, url=url)
        assert result.exit_code == 0, result.stderr
        return [json.loads(line)["global_position"] for line in result.stdout.splitlines()]

    assert new() == [1, 2, 3]
    with open_journal(postgres_url) as journal:
        with journal.events.transaction() as transaction:
            # They have positions, but are not committed.
            transaction.append([event(3), event(4)])
            assert new() == []
            # Another writer cannot overtake it.
            with open_journal(f"{postgres_url}&timeout=0.1") as other, pytest.raises(StoreLocked):
                other.events.append(event(5))
            assert new() == []
        assert new() == [4, 5]
        journal.events.append(event(5))
    assert new() == [6]
    assert warnings(url) == []
    copied = invoke("copy", url, journal_with(str(tmp_path / "copy.db"), []), "--cursor-file", str(tmp_path / "c"))
    assert copied.exit_code == 0, copied.stderr


def test_a_follower_of_a_journal_on_a_standby_sees_each_event_once_and_in_order(
    postgres_url: str, standby: Standby
) -> None:
    journal_with(postgres_url, sequence(1))
    standby.catch_up()
    with open_journal(postgres_url) as journal, open_journal(standby.url_of(postgres_url)) as replica:
        coming = follow(replica, after=1)
        seen: list[int] = []
        for version in range(1, 6):
            journal.events.append(event(version))
            seen += [row[-1] for row in next(coming).page]
    assert seen == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("command", [["list"], ["stats"], ["verify"], ["info"], ["history", "9b30"], ["get", "9b30"]])
def test_every_command_that_reads_works_on_a_standby(postgres_url: str, standby: Standby, command: list[str]) -> None:
    journal_with(postgres_url, sequence(3))
    standby.catch_up()
    result = invoke(*command, url=standby.url_of(postgres_url))
    assert result.exit_code == 0, result.output


# Logical subscribers


@pytest.fixture
def database(postgres_server: str) -> Iterator[str]:
    """The URL of a database of the test's own, where catalogs may be changed."""
    name = f"test_{uuid4().hex}"
    with closing(psycopg.connect(postgres_server, autocommit=True)) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def catalogs(url: str) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute("SET allow_system_table_mods = on")
        yield connection


@pytest.mark.parametrize("where", ["the table", "a partition", "the table that it is a partition of"])
def test_a_table_that_a_subscription_fills_is_refused(database: str, tmp_path: Path, where: str) -> None:
    with catalogs(database) as connection:
        table, subscribed = TABLES["eventsourcing"], "stored_events"
        if where == "a partition":
            table, subscribed = table.replace(")) ", "") + " PARTITION BY HASH (originator_id)", "part"
        if where == "the table that it is a partition of":
            subscribed = "whole"
            connection.execute(
                table.replace("CREATE TABLE stored_events", "CREATE TABLE whole") + " PARTITION BY HASH (originator_id)"
            )
            connection.execute("CREATE TABLE stored_events PARTITION OF whole FOR VALUES WITH (modulus 1, remainder 0)")
        else:
            connection.execute(table)
        if where == "a partition":
            connection.execute("CREATE TABLE part PARTITION OF stored_events FOR VALUES WITH (modulus 1, remainder 0)")
        connection.execute(
            INSERTS["eventsourcing"].replace("stored_events", "whole" if subscribed == "whole" else "stored_events")
        )
        # As a connected subscription leaves it.
        connection.execute(
            "INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate) VALUES (1, %s::regclass, 'r')",
            (subscribed,),
        )
    url = f"{database}&schema=public&layout=eventsourcing"
    refused(url, tmp_path, "a logical subscription fills public.stored_events .*name the server that publishes it")
    assert "logical subscription" in warnings(url)[0]
    assert read(url) == 1


def test_a_journal_that_a_subscription_fills_is_followed_and_not_written(database: str, tmp_path: Path) -> None:
    url, cursor = f"{database}&schema=public", str(tmp_path / "cursor")
    journal_with(url, sequence(3))
    assert invoke("export", "--cursor-file", cursor, url=url).exit_code == 0
    with catalogs(database) as connection:
        # As a connected subscription leaves it, when its last transaction is not applied yet.
        connection.execute("INSERT INTO pg_subscription_rel VALUES (1, 'stored_events'::regclass, 'r')")
        connection.execute("DELETE FROM stored_events WHERE global_position = 3")
    assert warnings(url) == []
    with open_journal(url) as journal:
        assert [row[-1] for row in next(follow(journal, after=0)).page] == [1, 2]
    behind = invoke("export", "--cursor-file", cursor, url=f"{url}&timeout=0.1")
    assert (behind.exit_code, behind.stdout) == (5, "")
    assert "is filled by a logical subscription and has only come to global position 2" in behind.stderr
    file = file_with(tmp_path / "events.ndjson", generated(30))
    for command in (["append", "new", "0", "a#B", "{}"], ["import", str(file)]):
        result = invoke(*command, url=url)
        assert (result.exit_code, result.stdout) == (5, ""), result.output
        assert re.search("cannot be written: a logical subscription fills public.stored_events, and", result.stderr)
    assert read(url) == 2


# Citus


@pytest.fixture
def distributed(database: str) -> Iterator[Callable[[str, str], None]]:
    """Enter a table as distributed, as Citus would: its own list is a table of pg_catalog."""
    with catalogs(database) as connection:
        connection.execute('CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass, partmethod "char")')
        connection.execute(
            "CREATE FUNCTION pg_catalog.citus_total_relation_size(regclass) RETURNS bigint LANGUAGE sql "
            "AS 'SELECT pg_total_relation_size($1)'"
        )

        def enter(table: str, method: str) -> None:
            connection.execute("INSERT INTO pg_catalog.pg_dist_partition VALUES (%s::regclass, %s)", (table, method))

        yield enter


@pytest.mark.parametrize("method", ["h", "a", "r"])
def test_a_journal_that_citus_distributes_is_neither_written_nor_followed(
    database: str, distributed: Callable[[str, str], None], tmp_path: Path, method: str
) -> None:
    url = f"{database}&schema=public"
    journal_with(url, sequence(3))
    distributed("stored_events", method)
    refused(url, tmp_path, "Citus has distributed the table public.stored_events")
    assert "Citus has distributed" in warnings(url)[0]
    assert read(url) == 3
    file, other = tmp_path / "events.ndjson", journal_with(str(tmp_path / "other.db"), generated(30))
    assert invoke("export", "-o", str(file), url=other).exit_code == 0
    for command in (
        ["--url", url, "append", "new", "0", "a#B", "{}"],
        ["--url", url, "import", str(file)],
        ["--url", url, "import", str(file), "--commit-every", "10"],
        ["copy", other, url],
    ):
        result = invoke(*command)
        assert (result.exit_code, result.stdout) == (5, ""), result.output
        assert re.search("is not written to: Citus has distributed the table public.stored_events", result.stderr)
    with open_event_store(url) as store, pytest.raises(OutOfOrder, match="Citus"):
        next(store.all_domain_events(after=1))
    assert read(url) == 3


def test_a_table_that_citus_keeps_whole_is_written_and_followed(
    database: str, distributed: Callable[[str, str], None], tmp_path: Path
) -> None:
    url = f"{database}&schema=public"
    initialise(url)
    distributed("esjournal", "h")
    distributed("stored_events", "n")
    assert run("append", "new", "0", "a#B", "{}", url=url).returncode == 0
    assert run("export", "--cursor-file", str(tmp_path / "cursor"), url=url).stdout.count("\n") == 1
    assert warnings(url) == []
