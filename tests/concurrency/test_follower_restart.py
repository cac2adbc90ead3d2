"""A follower whose PostgreSQL server stops and comes back, or comes back with another journal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from esjournal.journal.journal import initialise
from tests.helpers.concurrency.followed import NONE, faults_of
from tests.helpers.concurrency.follower import Follower
from tests.helpers.concurrency.journals import at_server, schema_of
from tests.helpers.concurrency.server import OwnServer
from tests.helpers.concurrency.writers import Writer
from tests.helpers.events import event
from tests.helpers.stores import journal_with

pytestmark = pytest.mark.long

WRITERS = 2
EVENTS = 600
INVALID_CURSOR = 2

StartWriters = Callable[..., list[Writer]]
StartFollower = Callable[..., Follower]


@pytest.fixture
def own_url(own_server: OwnServer) -> Iterator[str]:
    url = f"{own_server.url}&schema=followed"
    yield url
    with at_server(url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS followed CASCADE; DROP SCHEMA IF EXISTS other CASCADE")


@pytest.fixture(params=["stop", "crash"])
def end_server(request: pytest.FixtureRequest, own_server: OwnServer) -> Callable[[], None]:
    end: Callable[[], None] = getattr(own_server, request.param)
    return end


LOST_AND_FOUND = re.compile(
    r"esjournal: (?P<url>\S+) cannot be reached: [^\n]+; waiting for it\nesjournal: (?P=url) is available again\n"
)


def test_a_follower_waits_for_its_server_says_so_and_misses_and_repeats_nothing(
    own_server: OwnServer,
    own_url: str,
    end_server: Callable[[], None],
    start_pausing_writers: StartWriters,
    start_follower: StartFollower,
) -> None:
    initialise(own_url)
    follower = start_follower(own_url, "--after", "0")
    writers = start_pausing_writers(WRITERS, own_url, EVENTS, 5)
    follower.wait_for(100)

    end_server()
    follower.wait_for_word("waiting for it")
    own_server.recover()
    follower.wait_for_word("is available again")
    before = follower.count
    assert before < WRITERS * EVENTS

    acknowledged = [event for writer in writers for batch in writer.finish() for event in batch]
    follower.wait_for(WRITERS * EVENTS)
    assert faults_of(follower.followed(), acknowledged) == NONE
    assert follower.followed() == sorted(acknowledged)
    assert LOST_AND_FOUND.fullmatch(follower.errors())


def put_another_in_its_place(url: str) -> None:
    """Replace the journal at a URL with another one, in one transaction."""
    schema = schema_of(url)
    journal_with(url.replace(schema, "other"), [event(number, '{"nonce":"other"}') for number in range(10)])
    with at_server(url) as connection:
        connection.execute(f"BEGIN; DROP SCHEMA {schema} CASCADE; ALTER SCHEMA other RENAME TO {schema}; COMMIT")


def test_a_follower_ends_if_another_journal_replaces_its_own(own_url: str, start_follower: StartFollower) -> None:
    journal_with(own_url, [event(0, '{"nonce":"own"}')])
    follower = start_follower(own_url)
    follower.wait_for(1)
    put_another_in_its_place(own_url)
    assert follower.stop() == INVALID_CURSOR
    assert follower.count == 1
    assert re.fullmatch(
        r"esjournal: [^\n]+ is no longer the journal that was followed to global position 1: [^\n]+\n",
        follower.errors(),
    )


def test_a_follower_ends_where_its_server_comes_again_with_another_journal(
    own_server: OwnServer, own_url: str, start_follower: StartFollower
) -> None:
    journal_with(own_url, [event(0, '{"nonce":"own"}')])
    follower = start_follower(own_url)
    follower.wait_for(1)
    own_server.stop()
    follower.wait_for_word("waiting for it")
    # The follower may still find the old journal for a short time; it notices the replacement as well.
    own_server.start()
    put_another_in_its_place(own_url)
    assert follower.stop() == INVALID_CURSOR
    assert follower.count == 1
    assert "is no longer the journal that was followed to global position 1: " in follower.errors().splitlines()[-1]
