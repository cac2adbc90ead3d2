"""A primary that crashes, and whose standby takes its place, under two writers and two followers.

What was acknowledged and replicated is there, decided by nonces. The followers go on; one that has seen more than the
standby has received ends, and says so.
"""

from __future__ import annotations

import json
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from esjournal.exceptions import Conflict, OutcomeUnknown, StoreError
from esjournal.journal.journal import initialise, open_journal
from tests.helpers.concurrency.followed import Acknowledged
from tests.helpers.concurrency.follower import Follower
from tests.helpers.concurrency.journals import at_server
from tests.helpers.concurrency.server import OwnServer
from tests.helpers.events import event
from tests.helpers.standby import Standby
from tests.helpers.stores import stored

pytestmark = pytest.mark.long

StartFollower = Callable[..., Follower]

PROMOTIONS = 3
WRITERS = 2
INVALID_CURSOR = 2


class Writer(threading.Thread):
    """Appends events to a sequence of its own, and tries each of them again until it knows that it is there."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._is_over = threading.Event()
        self._sequence = str(uuid4())
        self.acknowledged: list[Acknowledged] = []
        self.unknown = self.found = 0

    def run(self) -> None:
        version = 0
        with open_journal(self._url) as journal:
            while not self._is_over.is_set():
                nonce = uuid4().hex
                again = event(version, json.dumps({"nonce": nonce}), of=self._sequence)
                while not self._is_over.is_set():
                    try:
                        [position] = journal.events.append([again])
                        self.acknowledged.append(Acknowledged(position, version, nonce))
                        break
                    except OutcomeUnknown:
                        self.unknown += 1
                    except Conflict:
                        # It was there, although its COMMIT was not answered.
                        self.found += 1
                        break
                    except StoreError:
                        time.sleep(0.05)
                version += 1

    def stop(self) -> None:
        self._is_over.set()
        self.join(60)
        assert not self.is_alive()

    def wait_for(self, count: int) -> None:
        """Wait until it has written this many more events."""
        count += len(self.acknowledged)
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < count:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def url(own_server: OwnServer) -> Iterator[str]:
    """The URL of a journal on a primary that commits without waiting for a standby."""
    url = f"{own_server.url}&schema=promoted_{uuid4().hex[:8]}"
    initialise(url)
    yield url
    with at_server(url) as connection:
        connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def new_standby(url: str) -> Iterator[Standby]:
    with tempfile.TemporaryDirectory(prefix="esjournal-") as folder:
        Path(folder).chmod(0o755)
        with closing(Standby(url.split("&schema=")[0], Path(folder))) as standby:
            yield standby


def two_followers(standby: Standby, url: str, start_follower: StartFollower) -> tuple[Follower, Follower]:
    """Start a follower of whichever server answers first, and one that prefers the standby."""
    first, second = (
        start_follower(standby.with_primary(url, attributes, first=False), "--after", "0")
        for attributes in ("any", "prefer-standby")
    )
    return first, second


@contextmanager
def writing(url: str) -> Iterator[list[Writer]]:
    writers = [Writer(url) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        for writer in writers:
            writer.stop()


def wait_for_each_commit(url: str) -> None:
    """Have every COMMIT wait until the standby has it on its disk."""
    with at_server(url) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")
        while connection.execute("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone() != (
            1,
        ):
            time.sleep(0.01)


@pytest.mark.parametrize("round_", range(PROMOTIONS))
def test_nothing_acknowledged_is_lost_if_each_commit_waits_for_the_standby(
    own_server: OwnServer, url: str, start_follower: StartFollower, round_: int
) -> None:
    dice = random.Random(round_)
    with new_standby(url) as standby:
        wait_for_each_commit(url)
        with writing(standby.with_primary(url, "read-write", first=False)) as writers:
            followers = two_followers(standby, url, start_follower)
            for follower in followers:
                follower.wait_for(20)
            time.sleep(dice.uniform(0, 0.5))
            own_server.crash()
            standby.promote()
            for writer in writers:
                writer.wait_for(20)
        there = stored(standby.url_of(url))
        own_server.recover()
        assert [each.global_position for each in there] == list(range(1, len(there) + 1))
        by_position = {each.global_position: json.loads(each.state)["nonce"] for each in there}
        acknowledged = [each for writer in writers for each in writer.acknowledged]
        print(len(acknowledged), *((writer.unknown, writer.found) for writer in writers))  # noqa: T201
        assert all(by_position[each.position] == each.nonce for each in acknowledged)
        for follower in followers:
            follower.wait_for(len(there))
            assert [(each.position, each.nonce) for each in follower.followed()] == list(by_position.items())
            assert follower.process.poll() is None


@pytest.mark.parametrize("round_", range(PROMOTIONS))
def test_what_the_standby_has_received_stays_and_a_follower_that_has_seen_more_says_so(
    own_server: OwnServer, url: str, start_follower: StartFollower, round_: int
) -> None:
    dice = random.Random(round_)
    with new_standby(url) as standby:
        with writing(standby.with_primary(url, "read-write", first=False)) as writers:
            ahead, behind = two_followers(standby, url, start_follower)
            behind.wait_for(20)
            time.sleep(dice.uniform(0, 0.5))
            standby.receive_no_more()
            received = len(stored(standby.url_of(url)))
            ahead.wait_for(received + 10)
            lost = stored(url)[received:]
            own_server.crash()
            standby.promote()
            # Until they have come further than the lost events.
            for writer in writers:
                writer.wait_for(len(lost) + 200)
        there = stored(standby.url_of(url))
        own_server.recover()
        assert [each.global_position for each in there] == list(range(1, len(there) + 1))
        by_position = {each.global_position: json.loads(each.state)["nonce"] for each in there}
        acknowledged = [each for writer in writers for each in writer.acknowledged]
        print(received, len(lost), len(acknowledged))  # noqa: T201
        assert all(by_position[each.position] == each.nonce for each in acknowledged if each.position <= received)
        behind.wait_for(len(there))
        assert [(each.position, each.nonce) for each in behind.followed()] == list(by_position.items())
        assert ahead.stop() == INVALID_CURSOR
        assert "or a standby that lacked some became the primary: look at it before you continue" in ahead.errors()
