"""A logical subscriber of a journal: what it shows is always a beginning of the journal, and it is only read."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from esjournal.exceptions import NotInitialised
from esjournal.journal.cursor import cursor_at, save_cursor
from esjournal.journal.journal import initialise, open_journal
from tests.helpers.answers import EVENTS, answers
from tests.helpers.concurrency.followed import NONE, faults_of
from tests.helpers.concurrency.follower import Follower
from tests.helpers.concurrency.journals import at_server
from tests.helpers.concurrency.server import OwnServer
from tests.helpers.concurrency.writers import Writer
from tests.helpers.events import OTHER_ID, event, sequence
from tests.helpers.pages import blocks
from tests.helpers.program import invoke
from tests.helpers.stores import file_with, journal_with, stored

pytestmark = pytest.mark.long

StartWriters = Callable[..., list[Writer]]
StartFollower = Callable[..., Follower]

WRITERS = 3
EVENTS_OF_A_WRITER = 400
# The events of one large transaction.
AT_ONCE = 2_000
NONCE = '{"nonce":""}'


@pytest.fixture
def publisher(own_server: OwnServer) -> str:
    """The URL of an empty journal that is to be published."""
    url = f"{own_server.url}&schema=published_{uuid4().hex[:8]}"
    initialise(url)
    return url


@pytest.fixture
def subscribe(own_server: OwnServer, publisher: str) -> Iterator[Callable[[], str]]:
    """Make a subscriber, as the page says, in another database of the same server, and return its URL."""
    schema = str(make_url(publisher).query["schema"])
    database = f"subscriber_{uuid4().hex[:8]}"
    url = make_url(publisher).set(database=database)
    server = url.difference_update_query(["schema"]).render_as_string(hide_password=False)
    source = " ".join(f"{name}={value}" for name, value in conninfo_to_dict(own_server.url).items() if value)
    published, subscribed = (
        block.text.replace("host=primary dbname=shop", source).replace("shop", schema)
        for block in blocks("docs/operations.md")
        if block.text.startswith(("CREATE PUBLICATION", "CREATE SUBSCRIPTION"))
    )

    def make() -> str:
        with at_server(publisher) as connection:
            connection.execute(f"CREATE DATABASE {database}".encode())
            connection.execute(published.encode())
            # In the same server, a subscription that makes its slot waits for itself.
            connection.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (schema,))
        own_server.copy_schema(schema, database)
        with closing(psycopg.connect(server, autocommit=True)) as connection:
            connection.execute(subscribed.replace(";", " WITH (create_slot = false);").encode())
        return url.render_as_string(hide_password=False)

    yield make
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(f"DROP SUBSCRIPTION IF EXISTS {schema}".encode())
    with at_server(publisher) as connection:
        connection.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())
        connection.execute(f"DROP PUBLICATION {schema}".encode())


def catch_up(publisher: str, subscriber: str) -> None:
    deadline = time.monotonic() + 60
    with open_journal(publisher) as journal:
        last = journal.events.last_global_position()
    while last_position(subscriber) < last:
        assert time.monotonic() < deadline, "the subscriber does not catch up"
        time.sleep(0.05)


def last_position(url: str) -> int:
    try:
        with open_journal(url) as journal:
            return journal.events.last_global_position()
    except NotInitialised:
        # Each table is copied for itself, that of the journal's id too.
        return -1


def test_every_snapshot_of_a_subscriber_is_a_beginning_of_the_journal(
    publisher: str, subscribe: Callable[[], str], start_pausing_writers: StartWriters, start_follower: StartFollower
) -> None:
    with at_server(publisher) as connection:
        # Transactions of some size are sent before they are committed.
        connection.execute("ALTER SYSTEM SET logical_decoding_work_mem = '64kB'")
        connection.execute("SELECT pg_reload_conf()")
    writers = start_pausing_writers(WRITERS, publisher, EVENTS_OF_A_WRITER, 5)
    # It begins while they write.
    url = subscribe()
    while last_position(url) < 0:
        time.sleep(0.05)
    follower = start_follower(url, "--after", "0")
    seen: set[int] = set()
    total, is_imported, deadline = WRITERS * EVENTS_OF_A_WRITER + AT_ONCE, False, time.monotonic() + 120
    with at_server(url) as connection:
        query = "SELECT count(*), coalesce(max(global_position), 0) FROM {}.stored_events"
        statement = query.format(make_url(url).query["schema"]).encode()
        while total not in seen:
            assert time.monotonic() < deadline
            count, last = connection.execute(statement).fetchone() or (0, None)
            assert count == last
            seen.add(count)
            if not is_imported and count > total / 4:
                with open_journal(publisher) as journal:
                    journal.events.append([event(version, NONCE) for version in range(AT_ONCE)])
                is_imported = True
    acknowledged = [each for writer in writers for batch in writer.finish() for each in batch]
    catch_up(publisher, url)
    assert stored(url) == stored(publisher)
    print(len(seen), "snapshots")  # noqa: T201
    assert len(seen) > 50
    follower.wait_for(total)
    assert faults_of([each for each in follower.followed() if each.nonce], acknowledged) == NONE
    assert [each.position for each in follower.followed()] == list(range(1, total + 1))


def test_a_subscriber_answers_as_the_publisher_and_takes_its_cursors(
    publisher: str, subscribe: Callable[[], str], tmp_path: Path
) -> None:
    journal_with(publisher, EVENTS)
    url = subscribe()
    catch_up(publisher, url)
    assert answers(url, tmp_path / "subscriber") == answers(publisher, tmp_path / "publisher")
    assert invoke("diff", publisher, url).exit_code == 0
    with at_server(url) as connection:
        connection.execute(f"ALTER SUBSCRIPTION {make_url(url).query['schema']} DISABLE".encode())
    cursor = str(tmp_path / "cursor")
    with open_journal(publisher) as journal:
        journal.events.append(event(2_000))
        save_cursor(cursor, cursor_at(journal, len(EVENTS) + 1))
    result = invoke("export", "--cursor-file", cursor, url=f"{url}&timeout=0.2")
    assert (result.exit_code, result.stdout) == (5, "")
    assert re.search(
        r"is filled by a logical subscription and has only come to global position 1201, and the cursor is at 1202: "
        "try again later, or name the server that publishes it",
        result.stderr,
    )


def test_a_subscriber_is_not_written_to_until_its_subscription_is_dropped(
    publisher: str, subscribe: Callable[[], str], tmp_path: Path
) -> None:
    journal_with(publisher, sequence(3))
    url = subscribe()
    catch_up(publisher, url)
    file = file_with(tmp_path / "events.ndjson", sequence(30, of=OTHER_ID))
    other = journal_with(str(tmp_path / "other.db"), sequence(30, of=OTHER_ID))
    for command in (
        ["--url", url, "append", "new", "0", "a#B", "{}"],
        ["--url", url, "import", str(file)],
        ["--url", url, "init", "--protect"],
        ["copy", other, url],
    ):
        result = invoke(*command)
        assert (result.exit_code, result.stdout) == (5, ""), result.output
        assert re.search("cannot be written: a logical subscription fills .*: name the server that", result.stderr)
    assert len(stored(url)) == 3
    schema = make_url(url).query["schema"]
    with at_server(url) as connection:
        connection.execute(f"DROP SUBSCRIPTION {schema}".encode())
    assert invoke("append", "new", "0", "a#B", "{}", url=url).exit_code == 0
