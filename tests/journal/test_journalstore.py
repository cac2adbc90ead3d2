"""The library reads a journal as a whole, and follows it: each event once, in order, from a cursor that must fit."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NoReturn
from uuid import UUID, uuid4

import pytest

from esjournal.domain.folding import fold
from esjournal.domain.model.events import DomainEvent
from esjournal.domain.model.sequencenames import sequence_id
from esjournal.exceptions import InvalidCursor, MappingError, StoreUnreachable, TopicNotFound
from esjournal.infrastructure.activerecord import NEXT
from esjournal.infrastructure.cipher import AESGCMCipher
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE
from esjournal.infrastructure.transcoding import JSONTranscoder
from esjournal.journal.cursor import Cursor, position_after, save_cursor
from esjournal.journal.journal import open_journal
from esjournal.journal.journalstore import JournalEvent, JournalStore, open_event_store
from esjournal.journal.read import follow as follow_module
from tests.helpers.events import event, sequence
from tests.helpers.given import refilled
from tests.helpers.version1 import make_version_1

pytestmark = pytest.mark.usefixtures("no_endless_waiting")

PATIENCE = 30
GONE = StoreUnreachable("the server is gone")


class Counted(DomainEvent):
    number: int


def counted(number: int, of: UUID) -> Counted:
    return Counted(originator_id=of, originator_version=NEXT, number=number)


@pytest.fixture
def store(journal_url: str) -> Iterator[JournalStore]:
    with open_event_store(journal_url, create=True) as store:
        yield store


@pytest.fixture
def kept(store_url: str) -> Iterator[JournalStore]:
    """A store that other programs can open."""
    with open_event_store(store_url, create=True) as store:
        yield store


def numbers(found: Iterator[JournalEvent]) -> list[int]:
    return [each.event.number for each in found]


# Reading


def test_reading_gives_each_event_with_what_the_journal_knows_about_it(store: JournalStore) -> None:
    begun = datetime.now(UTC)
    one, order = uuid4(), sequence_id("order-1001")
    store.append(counted(1, one))
    store.append(counted(2, order), name="order-1001", metadata={"user": "ann"})
    first, second = store.read()
    assert [first.event, second.event] == [
        Counted(originator_id=one, originator_version=0, number=1),
        Counted(originator_id=order, originator_version=0, number=2),
    ]
    assert [first.position, second.position] == [1, 2]
    assert (first.id, first.name, first.version, first.metadata) == (str(one), None, 0, {})
    assert (second.id, second.name, second.metadata) == (str(order), "order-1001", {"user": "ann"})
    assert second.type.endswith("#Counted")
    assert second.state == {"number": 2}
    assert first.recorded_at is not None
    assert timedelta(0) <= first.recorded_at - begun < timedelta(seconds=PATIENCE)
    assert second.event is second.event


def test_reading_goes_through_all_pages_in_global_order(store: JournalStore) -> None:
    ids = [uuid4(), uuid4()]
    store.append([counted(number, ids[number % 2]) for number in range(2 * PAGE_SIZE + 1)])
    assert numbers(store.read()) == list(range(2 * PAGE_SIZE + 1))
    assert [each.position for each in store.read(after=PAGE_SIZE)] == list(range(PAGE_SIZE + 1, 2 * PAGE_SIZE + 2))


def test_reading_begins_after_a_position_and_ends_at_one(store: JournalStore) -> None:
    one = uuid4()
    store.append([counted(number, one) for number in range(1, 6)])
    assert numbers(store.read(after=2, as_of=4)) == [3, 4]
    assert numbers(store.read(as_of=0)) == []
    assert numbers(store.read(as_of=99)) == [1, 2, 3, 4, 5]
    assert numbers(store.read(after=9)) == []


def test_events_that_come_while_reading_are_not_read(store: JournalStore) -> None:
    one = uuid4()
    store.append([counted(number, one) for number in range(3)])
    reading = store.read()
    next(reading)
    store.append(counted(3, one))
    assert numbers(reading) == [1, 2]


def test_a_journal_is_read_as_it_was_at_a_time(store: JournalStore) -> None:
    one = uuid4()
    store.append([counted(1, one), counted(2, one)])
    *_, last = store.read()
    assert last.recorded_at is not None
    while datetime.now(UTC) <= last.recorded_at:
        time.sleep(0.001)
    store.append(counted(3, one))
    assert numbers(store.read(as_of=last.recorded_at)) == [1, 2]
    assert numbers(store.read(as_of=last.recorded_at - timedelta(days=1))) == []
    assert numbers(store.read(as_of=datetime.now(UTC))) == [1, 2, 3]


def test_what_cannot_be_meant_is_refused_at_once(store: JournalStore) -> None:
    with pytest.raises(ValueError, match="after is -1: give at least 0"):
        store.read(after=-1)
    with pytest.raises(ValueError, match="as_of is -1: give at least 0"):
        store.read(as_of=-1)
    with pytest.raises(ValueError, match="without a time zone: give it one, such as UTC"):
        store.read(as_of=datetime(2026, 1, 31))
    for timeout in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="give a number of seconds, 0 or more"):
            store.follow(timeout=timeout)


def test_the_code_of_a_replay_folds_what_the_library_reads(store: JournalStore) -> None:
    def total(state: dict[str, int], event: JournalEvent) -> None:
        state["total"] = state.get("total", 0) + event.state["number"]

    store.append([counted(number, uuid4()) for number in (1, 2, 3)])
    assert fold(store.read(), total) == {"total": 6}


def test_an_event_whose_class_is_not_registered_can_be_passed_over(store: JournalStore) -> None:
    store.active_record_strategy.append(StoredEvent(uuid4(), 0, "antigravity#Flight", "{}"))
    store.append(counted(1, uuid4()))
    flight, other = store.read()
    assert flight.type == "antigravity#Flight"
    with pytest.raises(TopicNotFound, match=r"^global position 1: .*'antigravity#Flight'"):
        _ = flight.event
    assert other.event.number == 1


def test_a_journal_of_version_1_is_read_and_followed(store_url: str) -> None:
    make_version_1(store_url)
    with open_event_store(store_url) as store:
        read = [each.position for each in store.read()]
        assert read
        assert [each.position for each in store.follow(timeout=0)] == read


def test_encrypted_events_and_values_of_own_types_come_back(store_url: str) -> None:
    cipher, transcoder = AESGCMCipher(bytes(32)), JSONTranscoder()
    transcoder.register(
        complex, name="complex", encode=lambda n: [n.real, n.imag], decode=lambda parts: complex(*parts)
    )
    with open_event_store(store_url, create=True, cipher=cipher, transcoder=transcoder) as store:
        secret = DomainEvent(originator_id=uuid4(), originator_version=0, value=1 + 2j)
        store.append(secret)
        [read], [followed] = store.read(), store.follow(timeout=0)
        assert read.event == followed.event == secret
        assert "value" not in read.state
    with open_event_store(store_url, cipher=AESGCMCipher(bytes([1] * 32))) as other:
        [read] = other.read()
        with pytest.raises(MappingError, match=r"^global position 1: "):
            _ = read.event


# Following


def test_a_follower_gets_what_is_there_and_then_what_comes(store: JournalStore) -> None:
    one = uuid4()
    store.append([counted(1, one), counted(2, one)])
    coming = store.follow()
    assert numbers(islice(coming, 2)) == [1, 2]
    writer = threading.Timer(0.2, lambda: store.append(counted(3, one)))
    writer.start()
    assert numbers(islice(coming, 1)) == [3]
    writer.join()
    coming.close()


def test_a_follower_goes_on_after_a_cursor_that_was_kept_as_text(store: JournalStore) -> None:
    one = uuid4()
    store.append([counted(number, one) for number in (1, 2, 3)])
    _, second, _ = store.read()
    kept = second.cursor.to_text()
    assert second.cursor == store.cursor(2)
    assert numbers(store.follow(Cursor.from_text(kept), timeout=0)) == [3]
    assert numbers(store.follow(store.cursor(0), timeout=0)) == [1, 2, 3]
    assert numbers(store.follow(store.cursor(), timeout=0)) == []


@pytest.mark.parametrize("text", ["", "7", "{}", '{"journal_id":"a","global_position":1,"event_sha256":null}'])
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor, match="is not a cursor"):
        Cursor.from_text(text)


def test_cursors_of_the_library_and_of_the_commands_are_the_same(
    store_url: str, kept: JournalStore, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept.append([counted(number, uuid4()) for number in (1, 2)])
    path = str(tmp_path_factory.mktemp("cursors") / "cursor")
    first, _ = kept.read()
    save_cursor(path, first.cursor)
    with open_journal(store_url) as journal:
        assert position_after(journal, path) == 1


def test_a_follower_with_a_timeout_ends_if_nothing_comes_for_so_long(store: JournalStore) -> None:
    store.append(counted(1, uuid4()))
    begun = time.monotonic()
    assert numbers(store.follow(timeout=0.3)) == [1]
    assert 0.3 <= time.monotonic() - begun < PATIENCE


def test_a_timeout_begins_again_with_each_event(store: JournalStore) -> None:
    def write() -> None:
        for number in range(4):
            time.sleep(0.3)
            store.append(counted(number, uuid4()))

    writer = threading.Thread(target=write)
    writer.start()
    assert numbers(store.follow(timeout=1)) == [0, 1, 2, 3]
    writer.join()


def test_a_follower_is_stopped_by_another_thread_while_it_waits(store: JournalStore) -> None:
    stop = threading.Event()
    stopper = threading.Timer(0.3, stop.set)
    stopper.start()
    assert numbers(store.follow(stop=stop)) == []
    stopper.join()


def test_a_follower_that_is_stopped_yields_no_other_event(store: JournalStore) -> None:
    store.append([counted(number, uuid4()) for number in range(3)])
    stop = threading.Event()
    coming = store.follow(stop=stop)
    next(coming)
    stop.set()
    assert list(coming) == []


def test_no_event_of_many_writers_is_missed_or_twice_or_out_of_order(store_url: str, kept: JournalStore) -> None:
    writers, batches = 4, 15

    def write(own: UUID) -> None:
        with open_event_store(store_url) as store:
            for number in range(batches):
                store.append([counted(2 * number, own), counted(2 * number + 1, own)])

    ids = [uuid4() for _ in range(writers)]
    threads = [threading.Thread(target=write, args=[own]) for own in ids]
    for thread in threads:
        thread.start()
    followed = list(islice(kept.follow(), writers * batches))
    # Read on with another follower in the middle of what is written.
    followed += islice(kept.follow(followed[-1].cursor), writers * batches)
    for thread in threads:
        thread.join()
    assert [each.position for each in followed] == list(range(1, 2 * writers * batches + 1))
    for own in ids:
        assert [each.event.number for each in followed if each.id == str(own)] == list(range(2 * batches))
    assert [each.event for each in followed] == [each.event for each in kept.read()]


def test_uncommitted_events_are_neither_read_nor_followed(store_url: str, kept: JournalStore) -> None:
    with open_journal(store_url) as other, other.events.transaction() as transaction:
        transaction.append(sequence(3))
        assert list(kept.read()) == []
        assert list(kept.follow(timeout=0.3)) == []
    assert [each.position for each in kept.follow(timeout=0)] == [1, 2, 3]


def test_a_server_that_goes_away_is_waited_for(kept: JournalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_module, "_FIRST_WAIT", 0.001)
    kept.append([counted(1, uuid4())])
    coming = kept.follow()
    assert numbers(islice(coming, 1)) == [1]
    asked = iter([GONE, GONE, GONE])
    session = kept.active_record_strategy.session
    identity = session.identity

    def identity_if_there() -> object:
        for error in asked:
            raise error
        return identity()

    monkeypatch.setattr(session, "identity", identity_if_there)
    kept.append([counted(2, uuid4()), counted(3, uuid4())])
    assert numbers(islice(coming, 2)) == [2, 3]
    assert list(asked) == []


def test_a_server_that_stays_away_is_reported_when_the_time_is_over_unless_the_follower_was_stopped(
    kept: JournalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.append([counted(1, uuid4())])
    stop = threading.Event()
    timed, stopped = kept.follow(timeout=0.2), kept.follow(stop=stop)
    assert numbers(islice(timed, 1)) == numbers(islice(stopped, 1)) == [1]

    def gone() -> NoReturn:
        raise GONE

    monkeypatch.setattr(kept.active_record_strategy.session, "identity", gone)
    kept.append([counted(2, uuid4())])
    with pytest.raises(StoreUnreachable):
        list(timed)
    stopper = threading.Timer(0.2, stop.set)
    stopper.start()
    assert list(stopped) == []
    stopper.join()


# Cursors that do not fit


def test_the_cursor_of_another_journal_is_refused(store: JournalStore) -> None:
    with open_event_store(":memory:") as other:
        cursor = other.cursor()
    with pytest.raises(InvalidCursor, match=r"^the cursor is of the journal \S+, but \S+ is \S+: begin with a cursor"):
        next(store.follow(cursor, timeout=0))


def test_a_cursor_is_refused_in_a_journal_that_was_restored(store_url: str, kept: JournalStore) -> None:
    with open_journal(store_url) as journal:
        journal.events.append(sequence(3))
        cursor = kept.cursor()
        refilled(journal, sequence(2))
        with pytest.raises(InvalidCursor, match=r"is at global position 3, where .* has no event"):
            next(kept.follow(cursor, timeout=0))
        refilled(journal, [event(version, '{"other":true}') for version in range(4)])
        with pytest.raises(InvalidCursor, match=r"is at global position 3, where .* has another event"):
            next(kept.follow(cursor, timeout=0))
        with pytest.raises(InvalidCursor, match="has no event at global position 9"):
            kept.cursor(9)
