"""What an event store does, on each database."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from esjournal.domain.model.events import DomainEvent
from esjournal.exceptions import (
    ConcurrencyError,
    InvalidData,
    MappingError,
    NotInitialised,
    SchemaTooNew,
    SequencedItemConflict,
    StoreNotFound,
    TopicNotFound,
)
from esjournal.infrastructure.activerecord import NEXT
from esjournal.infrastructure.eventstore import EventStore
from esjournal.infrastructure.retrying import retry
from esjournal.infrastructure.sequenceditem import SequencedItem, StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.sqlalchemy.activerecords import (
    SQLAlchemyActiveRecordStrategy,
    TimestampSequencedItemRecord,
)
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore
from esjournal.journal.journalstore import open_event_store

Store = EventStore[StoredEvent]


class Moved(DomainEvent):
    # A type checker assumes that a class without declared attributes takes no arguments.
    if TYPE_CHECKING:

        def __init__(self, **attributes: Any) -> None: ...


def moved(sequence: UUID, version: int, **attributes: object) -> Moved:
    return Moved(originator_id=sequence, originator_version=version, **attributes)


def test_events_come_back_equal_and_of_their_class(event_store: Store) -> None:
    sequence = uuid4()
    events = [moved(sequence, 0, to=(1, 2)), DomainEvent(originator_id=sequence, originator_version=1, a={uuid4()})]
    assert event_store.append(events[0]) == range(1, 2)
    assert event_store.append(iter(events[1:])) == range(2, 3)
    found = event_store.get_domain_events(sequence)
    assert found == events
    assert [type(event) for event in found] == [Moved, DomainEvent]
    assert event_store.append([]) == range(0)


def test_append_names_the_actual_version_when_the_place_is_taken(event_store: Store) -> None:
    sequence = uuid4()
    event_store.append([moved(sequence, version, step=version) for version in range(8)])
    with pytest.raises(ConcurrencyError) as caught:
        event_store.append(moved(sequence, 3, step="other"))
    error = caught.value
    assert (error.sequence_id, error.position, error.last_position, error.identical) == (sequence, 3, 7, False)
    assert str(error) == (
        f"sequence {sequence}: version 3 is taken by a different event, the sequence is at version 7; "
        f"read it again and append after that"
    )
    assert isinstance(error.__cause__, SequencedItemConflict)
    with pytest.raises(ConcurrencyError) as caught:
        event_store.append(moved(sequence, 3, step=3))
    assert caught.value.identical is True


def test_an_event_may_take_the_next_version_whatever_it_is(event_store: Store) -> None:
    sequence = uuid4()
    for step in range(2):
        event_store.append(Moved(originator_id=sequence, originator_version=NEXT, step=step))
    event_store.append([moved(sequence, 7), Moved(originator_id=sequence, originator_version=NEXT, step=8)])
    assert event_store.get_domain_events(sequence) == [
        moved(sequence, 0, step=0),
        moved(sequence, 1, step=1),
        moved(sequence, 7),
        moved(sequence, 8, step=8),
    ]


def test_a_batch_with_one_event_that_does_not_map_is_not_stored(event_store: Store) -> None:
    sequence = uuid4()
    with pytest.raises(MappingError):
        event_store.append([moved(sequence, 0), moved(sequence, 1, bad=object())])
    with pytest.raises(ConcurrencyError):
        event_store.append([moved(sequence, 0), moved(sequence, 0)])
    assert event_store.get_domain_events(sequence) == []


def test_bounds_limit_order_and_pages_select_what_a_filter_in_python_selects(event_store: Store) -> None:
    sequence = uuid4()
    events = [moved(sequence, version) for version in range(7)]
    event_store.append(events)
    bounds = [None, 1, 5]
    for gt, gte, lt, lte in product(bounds, repeat=4):
        selected = [
            event
            for version, event in enumerate(events)
            if (gt is None or version > gt)
            and (gte is None or version >= gte)
            and (lt is None or version < lt)
            and (lte is None or version <= lte)
        ]
        for limit, ascending, page_size in product([None, 0, 2, 7], [True, False], [None, 1, 3, 7, 50]):
            expected = (selected if ascending else selected[::-1])[:limit]
            found = event_store.get_domain_events(sequence, gt, gte, lt, lte, limit, ascending, page_size)
            assert found == expected, (gt, gte, lt, lte, limit, ascending, page_size)


def test_one_event_is_found_by_its_version(event_store: Store) -> None:
    sequence = uuid4()
    event_store.append(moved(sequence, 4))
    assert event_store.get_domain_event(sequence, 4) == moved(sequence, 4)
    assert event_store.get_domain_event(sequence, 3) is None
    assert event_store.get_domain_event(uuid4(), 4) is None


def test_the_most_recent_event_is_the_last_one_or_the_last_below_a_bound(event_store: Store) -> None:
    sequence = uuid4()
    event_store.append([moved(sequence, version) for version in (0, 1, 5)])
    assert event_store.get_most_recent_event(sequence) == moved(sequence, 5)
    assert event_store.get_most_recent_event(sequence, lt=5) == moved(sequence, 1)
    assert event_store.get_most_recent_event(sequence, lte=5) == moved(sequence, 5)
    assert event_store.get_most_recent_event(sequence, lte=4) == moved(sequence, 1)
    assert event_store.get_most_recent_event(sequence, lt=0) is None
    assert event_store.get_most_recent_event(uuid4()) is None


def test_all_events_come_in_global_order(event_store: Store) -> None:
    one, other = uuid4(), uuid4()
    events = [moved(one, 0), moved(other, 0), moved(one, 1), moved(other, 1)]
    for event in events:
        event_store.append(event)
    assert list(event_store.all_domain_events()) == events
    assert list(event_store.all_domain_events(after=2)) == events[2:]


def test_a_stored_event_of_an_unknown_topic_is_an_error_and_no_import(event_store: Store) -> None:
    sequence = uuid4()
    event_store.active_record_strategy.append(StoredEvent(sequence, 0, "antigravity#Flight", "{}"))
    with pytest.raises(TopicNotFound, match="'antigravity#Flight'"):
        event_store.get_domain_events(sequence)


def test_a_number_that_counts_nothing_is_refused_at_once(event_store: Store) -> None:
    read: Callable[..., object] = partial(event_store.get_domain_events, uuid4())
    reads: list[tuple[Callable[..., object], str, int]] = [
        (read, "limit", 0),
        (read, "page_size", 1),
        (event_store.all_domain_events, "after", 0),
    ]
    for call, name, least in reads:
        with pytest.raises(ValueError, match=f"{name} is {least - 1}: give at least {least}"):
            call(**{name: least - 1})
        for refused in (1.5, "1", True):
            with pytest.raises(TypeError, match=f"{name} is {refused!r}: give an int"):
                call(**{name: refused})


def test_text_that_is_not_an_event_is_refused(event_store: Store) -> None:
    given: list[Any] = ["text", [None], [moved(uuid4(), 0), StoredEvent(uuid4(), 0, "a#B", "{}")]]
    for refused in given:
        with pytest.raises(TypeError, match="is not a DomainEvent: append events"):
            event_store.append(refused)
    assert list(event_store.all_domain_events()) == []


@pytest.mark.parametrize(
    ("originator_id", "version"), [(str(UUID(int=1)), 0), (UUID(int=1), -1), (UUID(int=1), "0"), (UUID(int=1), 0.0)]
)
def test_an_event_at_a_place_that_cannot_be_is_refused(event_store: Store, originator_id: Any, version: Any) -> None:
    with pytest.raises(InvalidData, match="originator_"):
        event_store.append(moved(originator_id, version))
    assert list(event_store.all_domain_events()) == []


def test_a_retried_append_lands_after_what_others_wrote_meanwhile(event_store: Store) -> None:
    sequence = uuid4()
    event_store.append(moved(sequence, 0))
    interrupted = False

    @retry(wait=0.001)
    def step() -> int:
        nonlocal interrupted
        last = event_store.get_most_recent_event(sequence)
        assert last is not None
        version = last.originator_version + 1
        if not interrupted:
            interrupted = True
            event_store.append(moved(sequence, version, by="somebody else"))
        event_store.append(moved(sequence, version, by="me"))
        return version

    assert step() == 2


def test_events_at_times_are_stored_read_and_appended_again_after_a_conflict(
    make_strategy: Callable[[type[Any], type[Any]], Any],
) -> None:
    store: EventStore[SequencedItem] = EventStore(
        sequenced_item_mapper=SequencedItemMapper(position_attr_name="timestamp"),
        active_record_strategy=make_strategy(TimestampSequencedItemRecord, SequencedItem),
    )
    sequence = uuid4()
    times = [1767225600.1234567, 1767225600.1234570, 1767225601.0, 1767225602.3]
    events = [Moved(sequence_id=sequence, timestamp=at, step=at) for at in times]
    store.append(events)
    assert store.get_domain_events(sequence) == events
    assert store.get_domain_events(sequence, page_size=1, is_ascending=False) == events[::-1]
    assert store.get_domain_event(sequence, times[1]) == events[1]
    assert store.get_most_recent_event(sequence, lt=times[2]) == events[1]
    given = iter([Decimal("1767225602.3"), 1767225602.5])

    @retry(wait=0.001)
    def step() -> None:
        store.append(Moved(sequence_id=sequence, timestamp=next(given), step=0))

    step()
    last = store.get_most_recent_event(sequence)
    assert last is not None
    assert last.timestamp == 1767225602.5


def test_a_store_is_made_and_opened_again_from_a_url_in_one_call(store_url: str) -> None:
    sequence = uuid4()
    with open_event_store(store_url, create=True) as store:
        store.append(moved(sequence, 0))
    store.close()
    with open_event_store(store_url) as store:
        assert store.get_domain_events(sequence) == [moved(sequence, 0)]


def test_a_store_that_is_not_there_is_named_with_how_to_make_it(store_url: str) -> None:
    for _ in range(2):
        with pytest.raises((StoreNotFound, NotInitialised)) as caught:
            open_event_store(store_url)
    message = str(caught.value)
    assert "\n" not in message
    assert re.search("(nothing is at .*journal.db|has no journal yet): run `esjournal .*init`", message)
    assert message.endswith(", or open it with create=True")


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("uri", ["sqlite:///:memory:", ":memory:"])
def test_a_store_in_memory_is_always_a_new_one(uri: str, create: bool) -> None:
    with open_event_store(uri, create=create) as store:
        store.append(moved(uuid4(), 0))
        assert len(list(store.all_domain_events())) == 1


def test_a_store_that_cannot_be_opened_leaves_no_connection_open(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_event_store(store_url, create=True) as store:
        strategy = store.active_record_strategy
        assert isinstance(strategy, SQLAlchemyActiveRecordStrategy)
        table = strategy.session.table_name("esjournal")
        with strategy.session.connection() as connection:
            connection.execute(f"UPDATE {table} SET schema_version = 9")
    closed: list[bool] = []
    close = SQLAlchemyDatastore.close_connection

    def counted_close(self: SQLAlchemyDatastore) -> None:
        close(self)
        closed.append(True)

    monkeypatch.setattr(SQLAlchemyDatastore, "close_connection", counted_close)
    with pytest.raises(SchemaTooNew):
        open_event_store(store_url)
    assert closed == [True]
