"""Followers of a journal with many writers: every event once, in order, soon, and without noise.

`--followed-events 100000` has eight processes write 100,000 events on each database, and prints what was followed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest

from esjournal.journal.journal import initialise, open_journal
from tests.helpers.concurrency.followed import NONE, Acknowledged, Faults, faults_of
from tests.helpers.concurrency.follower import Follower
from tests.helpers.concurrency.journals import at_server, schema_of
from tests.helpers.concurrency.writers import Writer
from tests.helpers.events import event
from tests.helpers.stores import journal_with

pytestmark = pytest.mark.long

WRITERS = 8
MOST_MILLISECONDS = 3
# Ten times as long as an event takes on an idle machine.
PATIENCE_FOR_AN_EVENT = 0.03
PROMISED_SECONDS = 0.5

StartWriters = Callable[..., list[Writer]]
StartFollower = Callable[..., Follower]


def finished(writers: list[Writer], patience: float) -> list[list[tuple[float, Acknowledged]]]:
    """The acknowledged events of each writer, and when they were acknowledged."""
    for writer in writers:
        writer.finish(patience)
    return [[(at, event) for at, batch in writer.timed() for event in batch] for writer in writers]


def test_a_follower_of_eight_writers_shows_every_event_once_in_order(
    store_url: str,
    start_pausing_writers: StartWriters,
    start_follower: StartFollower,
    followed_events: int,
    followed_figures: list[object],
) -> None:
    initialise(store_url)
    follower = start_follower(store_url, "--after", "0")
    share = followed_events // WRITERS
    begun = time.monotonic()
    writers = start_pausing_writers(WRITERS, store_url, share, MOST_MILLISECONDS)
    patience = 60 + followed_events * PATIENCE_FOR_AN_EVENT
    told = [event for events in finished(writers, patience) for event in events]
    assert len(told) == WRITERS * share
    follower.wait_for(len(told))
    seconds = time.monotonic() - begun

    followed, acknowledged = follower.followed(), [event for _, event in told]
    acknowledged_at = {event: at for at, event in told}
    # An event may be shown before its writer gets the acknowledgement.
    longest = max(at - acknowledged_at.get(event, at) for at, event in follower.seen())
    faults = faults_of(followed, acknowledged)
    followed_figures.append(
        f"{store_url.partition(':')[0]}: {WRITERS} writers, {len(told)} events in {seconds:.1f} s, "
        f"{len(acknowledged)} acknowledged, {len(followed)} followed, {faults.missed} missed, {faults.twice} twice, "
        f"{faults.out_of_order} out of order; the longest from acknowledgement to appearance {longest:.3f} s"
    )
    print(followed_figures[-1])  # noqa: T201
    assert faults == NONE
    assert followed == sorted(acknowledged)
    assert [event.position for event in followed] == list(range(1, len(told) + 1))


# Checks that the test above can fail


def test_the_check_of_followers_finds_what_is_missed_twice_out_of_order_or_unknown() -> None:
    one, two, three, four = (Acknowledged(position, 0, f"nonce {position}") for position in (1, 2, 3, 4))
    assert faults_of([one, two, three], [three, one, two]) == NONE
    assert faults_of([one, three], [one, two, three]) == Faults(missed=1)
    assert faults_of([one, two, two, three], [one, two, three]) == Faults(twice=1)
    assert faults_of([one, three, two], [one, two, three]) == Faults(out_of_order=1)
    assert faults_of([one, four], [one]) == Faults(unknown=1)
    assert faults_of([one, two._replace(nonce="another")], [one, two]) == Faults(missed=1, unknown=1)


def first_words_of_the_dead(writers: list[Writer]) -> list[str]:
    """Wait until no writer runs, and return the last line of stderr of those that failed."""
    for writer in writers:
        writer.process.wait(60)
    return [writer.errors().splitlines()[-1] for writer in writers if writer.process.returncode]


def test_writers_that_take_no_lock_are_refused_by_the_unique_position(
    postgres_url: str, start_pausing_writers: StartWriters
) -> None:
    initialise(postgres_url)
    words = first_words_of_the_dead(start_pausing_writers(WRITERS, postgres_url, 500, MOST_MILLISECONDS, "unlocked"))
    assert words
    for line in words:
        assert "InvalidData: the database refuses the event: duplicate key value" in line
        assert '"stored_events_global_position_key"' in line


def test_writers_that_begin_without_the_write_lock_are_refused_by_sqlite(
    sqlite_url: str, start_pausing_writers: StartWriters
) -> None:
    initialise(sqlite_url)
    words = first_words_of_the_dead(start_pausing_writers(WRITERS, sqlite_url, 500, MOST_MILLISECONDS, "unlocked"))
    assert words
    for line in words:
        assert line.startswith("esjournal.exceptions.StoreLocked: ")


# As most programs do it: an identity column or a sequence, which hands out its values before COMMIT.
POSITIONS_FROM_A_SEQUENCE = """
CREATE SEQUENCE {schema}.positions;
CREATE FUNCTION {schema}.number_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.global_position := nextval('{schema}.positions');
    RETURN NEW;
END
$$;
CREATE TRIGGER numbering BEFORE INSERT ON {schema}.stored_events
    FOR EACH ROW EXECUTE FUNCTION {schema}.number_event();
"""


def test_a_follower_misses_events_where_positions_come_from_a_sequence_and_no_lock_is_taken(
    postgres_url: str, start_pausing_writers: StartWriters, start_follower: StartFollower
) -> None:
    initialise(postgres_url)
    with at_server(postgres_url) as connection:
        connection.execute(POSITIONS_FROM_A_SEQUENCE.format(schema=f'"{schema_of(postgres_url)}"'))
    follower = start_follower(postgres_url, "--after", "0")
    # A pause is longer than the interval at which a follower looks again.
    writers = start_pausing_writers(WRITERS, postgres_url, 20, 400, "unlocked")
    acknowledged = [event for events in finished(writers, 60) for _, event in events]
    last = max(acknowledged)
    deadline = time.monotonic() + 60
    while last not in follower.followed():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    faults = faults_of(follower.followed(), acknowledged)
    print(faults)  # noqa: T201
    assert faults.missed > 0
    assert faults == Faults(missed=faults.missed)


# Soon, and without noise


def test_a_new_event_is_shown_within_half_a_second(store_url: str, start_follower: StartFollower) -> None:
    """The median of 20 events must keep the promise, because the machine may be busy with something else."""
    journal_with(store_url, [event(0, '{"nonce":""}')])
    follower = start_follower(store_url)
    follower.wait_for(1)
    waited = []
    with open_journal(store_url) as journal:
        for number in range(1, 21):
            journal.events.append(event(number, f'{{"nonce":"{number}"}}'))
            appended = time.monotonic()
            follower.wait_for(number + 1)
            waited.append(follower.seen()[number][0] - appended)
            # So that the next event comes at a different time between two polls.
            time.sleep(0.017 * (number % 7))
    print(f"median {statistics.median(waited):.3f} s, longest {max(waited):.3f} s")  # noqa: T201
    assert statistics.median(waited) < PROMISED_SECONDS


def test_a_follower_that_waits_is_quiet(store_url: str, start_follower: StartFollower) -> None:
    journal_with(store_url, [event(0, '{"nonce":""}')])
    follower = start_follower(store_url)
    follower.wait_for(1)
    time.sleep(0.2)
    before, seconds = follower.seconds_of_processor(), 3
    time.sleep(seconds)
    worked = follower.seconds_of_processor() - before
    print(f"{worked:.2f} s of {seconds} s")  # noqa: T201
    assert worked < 0.15 * seconds
