"""What a strategy does, on each database: the promises of the journal, one by one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from itertools import product
from time import time
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, SmallInteger, String, Text
from sqlalchemy.types import TypeDecorator

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import InvalidData, SequencedItemConflict
from esjournal.infrastructure.activerecord import NEXT
from esjournal.infrastructure.sequenceditem import SequencedItem, StoredEvent
from esjournal.infrastructure.sqlalchemy import activerecords
from esjournal.infrastructure.sqlalchemy.activerecords import (
    IntegerSequencedItemRecord,
    RecordedEventRecord,
    SQLAlchemyActiveRecordStrategy,
    StoredEventRecord,
    TimestampSequencedItemRecord,
)
from esjournal.infrastructure.sqlalchemy.columntypes import aware_time, sequence_id
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.infrastructure.sqlalchemy.schema import record_table

Strategy = SQLAlchemyActiveRecordStrategy[StoredEvent]
MakeStrategy = Callable[[type[Any], type[Any]], SQLAlchemyActiveRecordStrategy[Any]]

LAST = 2**63 - 1


def event(sequence: UUID, version: int | None, state: str = "{}", topic: str = "a.b#C") -> StoredEvent:
    return StoredEvent(sequence, NEXT if version is None else version, topic, state)


def test_an_item_comes_back_equal_and_of_its_class(strategy: Strategy) -> None:
    item = event(uuid4(), 0, '{"foo":"bar"}')
    assert strategy.append(item) == range(1, 2)
    [found] = strategy.get_items(item.originator_id)
    assert found == item
    assert isinstance(found, StoredEvent)
    assert isinstance(found.originator_id, UUID)
    assert strategy.get_item(item.originator_id, 0) == item


STATES = [
    "",
    " ",
    "{}",
    ' { "b":1.10 ,"a":1E5, "a":2 }\r\n',
    '{"a":' + "9" * 5_000 + "}",
    '{"a":"\\u0000 \u2028 \\ud800 \U0001f6eb é e\u0301"}',
    "gAAAA==",
    "\\N\t\\.\n\\x41\x01\x1b[2J\x7f",
    "'; DROP TABLE stored_events; --",
    "%s %(a)s ? :a $1 {0}",
    "x" * 2_000_000,
]


@pytest.mark.parametrize("batch", [1, 60])
def test_state_comes_back_byte_for_byte_whichever_way_it_was_written(strategy: Strategy, batch: int) -> None:
    written = []
    for state in STATES:
        sequence = uuid4()
        items = [event(sequence, 0, state, "ä#'\"%s"), *(event(sequence, version) for version in range(1, batch))]
        strategy.append(items)
        assert strategy.get_items(sequence) == items, state[:20]
        written += items
    assert list(strategy.all_items()) == written


NOT_HELD = [
    (event(uuid4(), 1_000, "a\0b"), r"U\+0000"),
    (event(uuid4(), 1_000, "{}", "a\0b"), r"U\+0000"),
    (event(uuid4(), 1_000, "a\ud800"), "surrogate"),
    (event(uuid4(), 1_000, "{}", "a\udfff"), "surrogate"),
    (event(uuid4(), 2**63), "64 bits|out of range"),
    (event(uuid4(), -(2**63) - 1), "64 bits|out of range"),
    (StoredEvent("no uuid", 1_000, "a#B", "{}"), "uuid"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("batch", [1, 60])
def test_what_a_database_cannot_hold_is_invalid_data_and_nothing_of_the_batch_is_written(
    strategy: Strategy, batch: int
) -> None:
    for position, (item, message) in enumerate(NOT_HELD, 1):
        before = list(strategy.all_items())
        with pytest.raises(InvalidData, match=message):
            strategy.append([*(event(uuid4(), 0) for _ in range(batch)), item])
        assert list(strategy.all_items()) == before, message
        assert strategy.append(event(uuid4(), 0)) == range(position, position + 1)


@pytest.mark.parametrize("version", [0, 1, 2**31, LAST])
def test_positions_reach_to_63_bits(strategy: Strategy, version: int) -> None:
    item = event(uuid4(), version)
    strategy.append(item)
    assert strategy.get_item(item.originator_id, version) == item
    assert strategy.get_items(item.originator_id, gte=version, lte=version) == [item]


@pytest.mark.parametrize("count", [0, 1, 2, 49, 50, 51, 1_000, 2_500])
def test_an_append_gives_the_global_positions_of_its_items_in_their_order(strategy: Strategy, count: int) -> None:
    strategy.append(event(uuid4(), 0))
    items = [event(uuid4(), 0, str(index)) for index in range(count)]
    assert strategy.append(iter(items)) == range(2, count + 2)
    assert list(strategy.all_items(after=1)) == items
    assert strategy.last_global_position() == count + 1
    assert strategy.append(event(uuid4(), 0)) == range(count + 2, count + 3)


def test_items_of_another_class_are_refused(strategy: Strategy) -> None:
    given: list[Any] = [[SequencedItem(uuid4(), 0, "a#B", "{}")], [(uuid4(), 0, "a#B", "{}")], "text", [None]]
    for refused in given:
        with pytest.raises(TypeError, match="is not a StoredEvent: append items of that class"):
            strategy.append(refused)
    assert list(strategy.all_items()) == []


def test_a_failing_iterable_writes_nothing(strategy: Strategy) -> None:
    def items() -> Any:
        yield event(uuid4(), 0)
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        strategy.append(items())
    assert list(strategy.all_items()) == []


def test_append_names_the_actual_position_when_the_place_is_taken(strategy: Strategy) -> None:
    sequence = uuid4()
    strategy.append([event(sequence, version) for version in range(8)])
    with pytest.raises(SequencedItemConflict) as caught:
        strategy.append(event(sequence, 3, '{"other":1}'))
    conflict = caught.value
    assert (conflict.sequence_id, conflict.position, conflict.last_position) == (sequence, 3, 7)
    assert conflict.identical is False
    assert str(conflict) == (
        f"sequence {sequence}: position 3 is taken by a different event, the sequence is at position 7; "
        f"read it again and append after that"
    )


@pytest.mark.parametrize(
    ("state", "topic", "identical"),
    [('{"a":1}', "a.b#C", True), ('{"a":1 }', "a.b#C", False), ('{"a":1}', "a.b#D", False)],
)
def test_append_says_whether_what_is_stored_is_identical(
    strategy: Strategy, state: str, topic: str, identical: bool
) -> None:
    sequence = uuid4()
    strategy.append(event(sequence, 0, '{"a":1}'))
    with pytest.raises(SequencedItemConflict) as caught:
        strategy.append(event(sequence, 0, state, topic))
    assert caught.value.identical is identical
    assert ("an identical event" if identical else "a different event") in str(caught.value)


@pytest.mark.parametrize("count", [2, 50, 51, 1_000])
@pytest.mark.parametrize("taken", [0, -1])
def test_one_taken_place_keeps_the_whole_batch_out(strategy: Strategy, count: int, taken: int) -> None:
    sequence = uuid4()
    batch = [event(sequence, version) for version in range(count)]
    strategy.append(batch[taken]._replace(state='{"first":1}'))
    with pytest.raises(SequencedItemConflict) as caught:
        strategy.append(batch)
    assert caught.value.position == batch[taken].originator_version
    assert len(list(strategy.all_items())) == 1
    assert strategy.append(event(uuid4(), 0)) == range(2, 3)


@pytest.mark.parametrize("size", [1, 2, 20, 60])
def test_many_conflicts_in_a_row_leave_the_connection_as_good_as_new(
    strategy: Strategy, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    sequence = uuid4()
    for attempt in range(25):
        items = [event(sequence, attempt * size + index) for index in range(size)]
        strategy.append(items)
        for _ in range(attempt % 4):
            with pytest.raises(SequencedItemConflict):
                strategy.append(items)
    with strategy.transaction() as transaction:
        for _ in range(20):
            with pytest.raises(SequencedItemConflict):
                transaction.append(items)
    assert strategy.last_global_position() == 25 * size
    assert caplog.records == []


@pytest.mark.parametrize("filling", [0, 60])
def test_a_place_given_twice_in_one_batch_is_a_conflict_that_says_so(strategy: Strategy, filling: int) -> None:
    sequence = uuid4()
    others = [event(uuid4(), 0) for _ in range(filling)]
    with pytest.raises(SequencedItemConflict, match="position 4 is given twice, with a different event") as caught:
        strategy.append([event(sequence, 4), *others, event(sequence, 4, "[]")])
    assert caught.value.identical is False
    assert list(strategy.all_items()) == []


def test_a_conflict_of_a_batch_names_the_first_item_that_cannot_be_written(strategy: Strategy) -> None:
    one, other = uuid4(), uuid4()
    strategy.append([event(one, 1), event(other, 1)])
    with pytest.raises(SequencedItemConflict) as caught:
        strategy.append([event(other, 0), event(other, 1), event(one, 1)])
    assert (caught.value.sequence_id, caught.value.position) == (other, 1)


def test_a_position_of_none_means_the_next_one_of_the_sequence(strategy: Strategy) -> None:
    one, other = uuid4(), uuid4()
    strategy.append([event(one, None), event(one, None), event(other, 5), event(other, None), event(one, None)])
    strategy.append(event(one, None))
    assert [item.originator_version for item in strategy.get_items(one)] == [0, 1, 2, 3]
    assert [item.originator_version for item in strategy.get_items(other)] == [5, 6]
    assert strategy.last_global_position() == 6


def test_many_items_at_the_next_position_are_all_or_nothing_too(strategy: Strategy) -> None:
    sequence = uuid4()
    strategy.append([event(sequence, None, str(index)) for index in range(120)])
    assert [item.state for item in strategy.get_items(sequence)] == [str(index) for index in range(120)]
    with pytest.raises(SequencedItemConflict):
        strategy.append([event(sequence, None), event(sequence, 7)])
    assert strategy.last_global_position() == 120


def test_nothing_follows_the_last_position_there_can_be(strategy: Strategy) -> None:
    sequence = uuid4()
    strategy.append(event(sequence, LAST))
    with pytest.raises(InvalidData):
        strategy.append(event(sequence, None))
    assert strategy.last_global_position() == 1


def test_a_sequence_that_is_not_there_is_empty(strategy: Strategy) -> None:
    assert strategy.get_items(uuid4()) == []
    assert strategy.get_item(uuid4(), 0) is None


VERSIONS = [0, 1, 2, 5, 6, 9]
BOUNDS = [None, 0, 2, 4, 9]


def test_bounds_limit_and_both_orders_select_what_a_filter_in_python_selects(strategy: Strategy) -> None:
    sequence = uuid4()
    items = {version: event(sequence, version, str(version)) for version in VERSIONS}
    strategy.append([*items.values(), event(uuid4(), 3)])
    for gt, gte, lt, lte in product(BOUNDS, repeat=4):
        expected = [
            version
            for version in VERSIONS
            if (gt is None or version > gt)
            and (gte is None or version >= gte)
            and (lt is None or version < lt)
            and (lte is None or version <= lte)
        ]
        found = strategy.get_items(sequence, gt=gt, gte=gte, lt=lt, lte=lte)
        assert [item.originator_version for item in found] == expected, (gt, gte, lt, lte)
    for limit, query_ascending, results_ascending in product([None, 0, 1, 2, 100], [True, False], [True, False]):
        expected = VERSIONS if query_ascending else VERSIONS[::-1]
        expected = sorted(expected[:limit], reverse=not results_ascending)
        found = strategy.get_items(
            sequence, limit=limit, query_ascending=query_ascending, results_ascending=results_ascending
        )
        assert found == [items[version] for version in expected], (limit, query_ascending, results_ascending)


@pytest.mark.parametrize("position", [LAST + 1, -LAST - 2, 10**30])
def test_a_bound_beyond_64_bits_is_invalid_data(strategy: Strategy, position: int) -> None:
    for bound in ("gt", "gte", "lt", "lte"):
        bounds: dict[str, Any] = {bound: position}
        with pytest.raises(InvalidData):
            strategy.get_items(uuid4(), **bounds)
    with pytest.raises(InvalidData):
        strategy.get_item(uuid4(), position)


def test_sampled_ids_are_spread_over_the_global_positions_and_deleted_items_are_passed_over(strategy: Strategy) -> None:
    assert strategy.sampled_ids(3, until=10) == []
    ids = [uuid4() for _ in range(10)]
    strategy.append([event(each, 0) for each in ids])
    assert strategy.sampled_ids(5, until=10) == [ids[0], ids[2], ids[4], ids[6], ids[8]]
    assert strategy.sampled_ids(2, until=4) == [ids[0], ids[2]]
    with strategy.session.connection() as connection:
        table = strategy.session.table_name(strategy.table.name)
        connection.execute(f"DELETE FROM {table} WHERE global_position BETWEEN 3 AND 6")
    assert strategy.sampled_ids(5, until=10) == [ids[0], ids[6], ids[6], ids[6], ids[8]]


def test_sampled_ids_differ_where_sequences_grow_in_turns(strategy: Strategy) -> None:
    ids = [uuid4() for _ in range(8)]
    strategy.append([event(each, version) for version in range(8) for each in ids])
    assert len(set(strategy.sampled_ids(8, until=64))) > 4


def test_a_number_that_counts_nothing_is_refused_at_once(strategy: Strategy) -> None:
    reads: list[tuple[Callable[..., Any], str, int]] = [
        (partial(strategy.get_items, uuid4()), "limit", 0),
        (partial(strategy.ids_between, uuid4(), uuid4()), "limit", 0),
        (strategy.all_items, "after", 0),
        (strategy.pages, "after", 0),
        (strategy.pages, "until", 0),
        (strategy.pages, "size", 1),
    ]
    for read, name, least in reads:
        for refused in (least - 1, -(10**30)):
            with pytest.raises(ValueError, match=f"{name} is {refused}: give at least {least}"):
                read(**{name: refused})
        for no_int in (1.0, "1", True):
            with pytest.raises(TypeError, match=f"{name} is {no_int!r}: give an int"):
                read(**{name: no_int})
    assert strategy.get_items(uuid4(), limit=10**30) == []


def test_text_is_not_taken_for_several_ids_or_topics(strategy: Strategy) -> None:
    for name in ("sequence_ids", "topics"):
        given: dict[str, Any] = {name: "a#B"}
        with pytest.raises(TypeError, match=f"{name} is 'a#B': give a list, also for one"):
            strategy.all_items(**given)
    no_topics: list[Any] = ["a\0", "\ud800", 5, None]
    for refused in no_topics:
        with pytest.raises(InvalidData, match="topic"):
            strategy.all_items(topics=[refused])


def test_all_items_come_in_global_order_across_pages(strategy: Strategy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activerecords, "PAGE_SIZE", 7)
    sequences = [uuid4() for _ in range(3)]
    items = [event(sequences[index % 3], index, topic=f"a#{index % 2}") for index in range(50)]
    for start in range(0, 50, 9):
        strategy.append(items[start : start + 9])
    assert list(strategy.all_items()) == items
    for after in (0, 1, 6, 7, 8, 49, 50, 99):
        assert list(strategy.all_items(after=after)) == items[after:]
    assert list(strategy.all_items(sequence_ids=sequences[:1])) == items[::3]
    assert list(strategy.all_items(sequence_ids=sequences)) == items
    assert list(strategy.all_items(topics=["a#1"], after=20)) == items[21::2]
    assert list(strategy.all_items(topics=["a#0"], sequence_ids=sequences[:2])) == [
        item for item in items if item.event_type == "a#0" and item.originator_id in sequences[:2]
    ]
    assert list(strategy.all_items(topics=["none"])) == []


def test_all_items_read_one_page_at_a_time(strategy: Strategy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activerecords, "PAGE_SIZE", 10)
    strategy.append([event(uuid4(), 0) for _ in range(100)])
    asked = 0
    connection = strategy.session.connection

    def counted() -> Any:
        nonlocal asked
        asked += 1
        return connection()

    monkeypatch.setattr(strategy.session, "connection", counted)
    items = strategy.all_items()
    for _ in range(11):
        next(items)
    assert asked == 3


@pytest.mark.parametrize("ahead", [False, True])
def test_pages_have_what_all_items_are_made_of(
    strategy: Strategy, monkeypatch: pytest.MonkeyPatch, ahead: bool
) -> None:
    monkeypatch.setattr(activerecords, "PAGE_SIZE", 7)
    items = [event(uuid4(), 0) for _ in range(50)]
    strategy.append(items)
    for after, until in ((0, None), (0, 50), (0, 49), (3, 24), (49, 50), (50, None), (7, 7), (2**63 - 1, None)):
        pages = list(strategy.pages(after=after, until=until, ahead=ahead))
        assert all(0 < len(page) <= 7 for page in pages)
        assert [tuple(item) for page in pages for item in page] == [tuple(item) for item in items[after:until]]


@pytest.mark.parametrize("ahead", [False, True])
def test_pages_that_are_not_read_to_their_end_leave_the_journal_free(
    strategy: Strategy, monkeypatch: pytest.MonkeyPatch, ahead: bool
) -> None:
    monkeypatch.setattr(activerecords, "PAGE_SIZE", 7)
    strategy.append([event(uuid4(), 0) for _ in range(50)])
    for _ in range(30):
        pages = strategy.pages(ahead=ahead)
        next(pages)
        strategy.append(event(uuid4(), 0))
        del pages
    assert len(list(strategy.all_items())) == 80


def test_a_stored_time_is_that_of_the_append(strategy: Strategy, make_strategy: MakeStrategy) -> None:
    before = datetime.now(UTC)
    strategy.append(event(uuid4(), 0))
    [recorded] = make_strategy(RecordedEventRecord, RecordedEvent).all_items()
    at = datetime.fromisoformat(recorded.recorded_at)
    assert before <= at <= datetime.now(UTC)
    assert recorded.recorded_at.endswith("Z")


@pytest.mark.parametrize("batch", [1, 60])
@pytest.mark.parametrize("at", ["2026-01-31T12:00:00.123456Z", "0001-01-01T00:00:00.000000Z", None])
def test_a_recorded_event_keeps_its_time_and_gets_a_new_global_position(
    make_strategy: MakeStrategy, batch: int, at: str | None
) -> None:
    strategy = make_strategy(RecordedEventRecord, RecordedEvent)
    given = [RecordedEvent(str(uuid4()), 0, "a#B", "{}", at, global_position=99) for _ in range(batch)]
    strategy.append(given)
    found = list(strategy.all_items())
    assert [item.global_position for item in found] == list(range(1, batch + 1))
    assert [item._replace(global_position=99, recorded_at=None) for item in found] == [
        item._replace(recorded_at=None) for item in given
    ]
    if at is not None:
        assert {item.recorded_at for item in found} == {at}


def test_two_item_classes_see_the_same_journal(strategy: Strategy, make_strategy: MakeStrategy) -> None:
    recorded = make_strategy(RecordedEventRecord, RecordedEvent)
    item = event(uuid4(), 0, '{"a":1}')
    strategy.append(item)
    [found] = recorded.get_items(str(item.originator_id))
    assert found[:4] == (str(item.originator_id), 0, "a.b#C", '{"a":1}')
    with pytest.raises(SequencedItemConflict) as caught:
        recorded.append(found._replace(recorded_at="2001-01-01T00:00:00.000000Z", global_position=None))
    assert caught.value.identical is True
    recorded.append(found._replace(originator_version=1))
    assert len(strategy.get_items(item.originator_id)) == 2


def test_sequenced_items_at_integer_positions(make_strategy: MakeStrategy) -> None:
    strategy = make_strategy(IntegerSequencedItemRecord, SequencedItem)
    sequence = uuid4()
    items = [SequencedItem(sequence, position, "a#B", "{}") for position in (0, 1, 4)]
    assert strategy.append(items) == range(1, 4)
    assert strategy.get_items(sequence) == items
    assert strategy.get_items(sequence, gt=0, lt=4) == items[1:2]
    with pytest.raises(SequencedItemConflict) as caught:
        strategy.append(items[1])
    assert (caught.value.last_position, caught.value.identical) == (4, True)


def test_sequenced_items_at_times_come_back_equal_and_in_their_order(make_strategy: MakeStrategy) -> None:
    strategy = make_strategy(TimestampSequencedItemRecord, SequencedItem)
    sequence = uuid4()
    # Half of the floats for present times have more digits than microseconds.
    times = sorted(
        {-1.5, -1e-9, 0.0, 0.1, 5e-324, 1e300, time(), *(1767225600.1234567 + step / 3 for step in range(80))}
    )
    items = [SequencedItem(sequence, position, "a#B", "{}") for position in times]
    strategy.append(items[::-1])
    found = strategy.get_items(sequence)
    assert found == items
    assert {type(item.position) for item in found} == {float}
    assert strategy.get_item(sequence, times[9]) == items[9]
    assert strategy.get_items(sequence, gt=times[4], lte=times[6]) == items[5:7]
    assert strategy.get_items(sequence, gte=0, lt=Decimal("0.5"), limit=2) == items[2:4]


@pytest.mark.parametrize(
    ("stored", "given"),
    [
        (1767225600.1, Decimal("1767225600.1")),
        (Decimal("1767225600.1"), 1767225600.1),
        (1767225600.0, 1767225600),
        (5, 5.0),
    ],
)
@pytest.mark.parametrize("batch", [1, 60])
def test_a_time_that_is_taken_is_a_conflict_however_it_is_written(
    make_strategy: MakeStrategy, stored: Any, given: Any, batch: int
) -> None:
    strategy = make_strategy(TimestampSequencedItemRecord, SequencedItem)
    sequence = uuid4()
    strategy.append(SequencedItem(sequence, stored, "a#B", "{}"))
    others = [SequencedItem(uuid4(), 0.5, "a#B", "{}") for _ in range(batch - 1)]
    with pytest.raises(SequencedItemConflict) as caught:
        strategy.append([*others, SequencedItem(sequence, given, "a#B", "{}")])
    assert (caught.value.position, caught.value.last_position) == (float(given), float(stored))
    assert caught.value.identical is True
    with pytest.raises(SequencedItemConflict, match="is given twice, with an identical event"):
        strategy.append([*others, *(SequencedItem(uuid4(), 7.25, "a#B", "{}")._replace(sequence_id=UUID(int=7)),) * 2])


@pytest.mark.parametrize(
    ("position", "message"),
    [
        (float("nan"), "finite"),
        (float("inf"), "finite"),
        (Decimal("-Infinity"), "finite"),
        (Decimal("sNaN"), "finite"),
        (10**400, "finite"),
        (Decimal("1.00000000000000000001"), "more digits than a float can hold: round it"),
        (2**53 + 1, "more digits than a float can hold: round it"),
        ("1.5", "is str, not float"),
        (True, "is bool, not float"),
        (datetime(2026, 1, 31, tzinfo=UTC), "is datetime, not float"),
        ([1.5], "is list, not float"),
    ],
)
def test_text_that_is_not_a_time_is_refused(make_strategy: MakeStrategy, position: Any, message: str) -> None:
    strategy = make_strategy(TimestampSequencedItemRecord, SequencedItem)
    with pytest.raises(InvalidData, match=f"^position .*{message}"):
        strategy.append(SequencedItem(uuid4(), position, "a#B", "{}"))
    with pytest.raises(InvalidData, match=message):
        strategy.get_items(uuid4(), gte=position)
    with pytest.raises(InvalidData, match=r"^position 'None' is NoneType, not float"):
        strategy.append(SequencedItem(uuid4(), None, "a#B", "{}"))
    assert list(strategy.all_items()) == []


ID = "9b300b13-4410-51bf-85ca-234c8cea73da"
# A field, a value that one database would refuse and the other would keep or change, and the error.
REFUSED: list[tuple[int, Any, str]] = [
    (0, ID, "is str, not uuid.UUID"),
    (0, None, "is NoneType, not uuid.UUID"),
    (0, UUID(ID).bytes, "is bytes, not uuid.UUID"),
    (1, 1.5, "is float, not int"),
    (1, 1.0, "is float, not int"),
    (1, True, "is bool, not int"),
    (1, "7", "is str, not int"),
    (1, Decimal(7), "is Decimal, not int"),
    (1, HTTPStatus.OK, "is HTTPStatus, not int"),
    (1, -1, "out of range: write an integer from 0 to 9223372036854775807"),
    (1, 2**63, "out of range"),
    (2, "", "is empty"),
    (2, "x" * 309, "too long: 255 characters"),
    (2, "a\tb", "control character U\\+0009 at column 2"),
    (2, "a\x9bb", "control character U\\+009B"),
    (2, "a\u202eb", "control character U\\+202E"),
    (2, "a\ud800", "half of a surrogate pair"),
    (2, b"a#B", "is bytes, not str"),
    (2, None, "is NoneType, not str"),
    (3, b'{"a":1}', "is bytes, not str"),
    (3, {"a": 1}, "is dict, not str"),
    (3, None, "is NoneType, not str"),
    (3, 5, "is int, not str"),
    (3, "a\0b", "raw U\\+0000"),
    (3, "a\udfff", "half of a surrogate pair"),
]
MORE_REFUSED: dict[type, list[tuple[int, Any, str]]] = {
    StoredEvent: [],
    SequencedItem: [],
    RecordedEvent: [
        (4, "2026-01-31T12:00:00", "has no offset"),
        (4, "yesterday", "write one such as"),
        (4, datetime(2026, 1, 31, tzinfo=UTC), "is datetime, not str"),
        (4, 1769860800.5, "is float, not str"),
        (5, "", "is not JSON"),
        (5, "[1]", "is JSON, but not an object"),
        (5, {"a": 1}, "is dict, not str"),
        (6, "x", "is not a UUID"),
    ],
}
RECORDS = {
    StoredEvent: StoredEventRecord,
    SequencedItem: IntegerSequencedItemRecord,
    RecordedEvent: RecordedEventRecord,
}


@pytest.mark.parametrize("batch", [1, 60])
@pytest.mark.parametrize("item_class", RECORDS, ids=lambda item_class: item_class.__name__)
def test_a_value_that_its_field_does_not_take_is_invalid_data_before_anything_is_sent(
    make_strategy: MakeStrategy, monkeypatch: pytest.MonkeyPatch, item_class: type[Any], batch: int
) -> None:
    strategy = make_strategy(RECORDS[item_class], item_class)
    monkeypatch.setattr(strategy.session, "connection", lambda: pytest.fail("the database was asked"))
    as_text = item_class is RecordedEvent
    items = [item_class(ID if as_text else UUID(ID), version, "a#B", "{}") for version in range(batch)]
    refused = [(index, value, message) for index, value, message in REFUSED if not (as_text and index == 0)]
    if as_text:
        refused += [(0, UUID(ID), "is UUID, not str"), (0, None, "is NoneType, not str"), (0, "x", "is not a UUID")]
    for index, value, message in refused + MORE_REFUSED[item_class]:
        name = item_class._fields[index]
        last = items[-1]._replace(**{name: value})
        where = f"^item {batch} of {batch}: " if batch > 1 else "^"
        with pytest.raises(InvalidData, match=f"{where}{name} .*{message}|{where}{name} {message}"):
            strategy.append([*items[:-1], last])


def test_reading_at_an_impossible_place_is_invalid_data_too(strategy: Strategy) -> None:
    for position in (1.5, "7", True, 2**63):
        for bound in ("gt", "gte", "lt", "lte"):
            bounds: dict[str, Any] = {bound: position}
            with pytest.raises(InvalidData, match="originator_version"):
                strategy.get_items(uuid4(), **bounds)
        with pytest.raises(InvalidData, match="originator_version"):
            strategy.get_item(uuid4(), position)
    with pytest.raises(InvalidData, match="originator_version 'None' is NoneType, not int"):
        strategy.get_item(uuid4(), None)
    reads: list[Callable[[Any], object]] = [
        strategy.get_items,
        lambda given: list(strategy.all_items(sequence_ids=[given])),
    ]
    for refused in (ID, None, 5):
        for read in reads:
            with pytest.raises(InvalidData, match=r"originator_id .*, not uuid\.UUID"):
                read(refused)
    assert strategy.get_items(uuid4(), gt=-1) == []


def test_an_id_in_upper_case_is_the_same_sequence(make_strategy: MakeStrategy) -> None:
    strategy = make_strategy(RecordedEventRecord, RecordedEvent)
    item = RecordedEvent(ID, 0, "a#B", "{}", "2026-01-31T12:00:00.000000Z", global_position=1)
    strategy.append(item._replace(originator_id=ID.upper(), recorded_at="2026-01-31t14:00:00+02:00"))
    assert strategy.get_items(ID) == strategy.get_items(ID.upper()) == [item]
    for spelling in (ID, ID.upper()):
        for others in (0, 60):
            batch = [RecordedEvent(str(uuid4()), 0, "a#B", "{}") for _ in range(others)]
            with pytest.raises(SequencedItemConflict) as caught:
                strategy.append([*batch, item._replace(originator_id=spelling)])
            assert (caught.value.sequence_id, caught.value.last_position, caught.value.identical) == (ID, 0, True)


def test_times_that_an_earlier_esjournal_counted_in_microseconds_are_read_and_added_to(
    datastore: SQLAlchemyDatastore, make_strategy: MakeStrategy
) -> None:
    strategy = make_strategy(TimestampSequencedItemRecord, SequencedItem)
    sequence = uuid4()
    on_sqlite = datastore.session.engine.dialect.name == "sqlite"
    name = datastore.session.table_name("timestamp_sequenced_items")
    with datastore.session.connection() as connection:
        connection.execute(f"DROP TABLE {name}")
        connection.execute(
            f"CREATE TABLE {name} (global_position INTEGER PRIMARY KEY AUTOINCREMENT, "
            "sequence_id TEXT NOT NULL, position INTEGER NOT NULL, topic TEXT NOT NULL, data TEXT NOT NULL) STRICT"
            if on_sqlite
            else f"CREATE TABLE {name} (global_position bigint NOT NULL UNIQUE, "
            "sequence_id uuid NOT NULL, position bigint NOT NULL, topic text NOT NULL, data text NOT NULL, "
            "PRIMARY KEY (sequence_id, position))"
        )
        if on_sqlite:
            connection.execute(
                "CREATE UNIQUE INDEX timestamp_sequenced_items_place ON timestamp_sequenced_items "
                "(sequence_id, position)"
            )
        for number, microseconds in enumerate((-1_500_000, 1, 1_769_860_800_123_456, 1_769_860_800_123_457), 1):
            connection.execute(f"INSERT INTO {name} VALUES ({number}, '{sequence}', {microseconds}, 'a#B', '{{}}')")
    assert datastore.setup_tables() is True
    assert datastore.setup_tables() is False
    times = [-1.5, 1e-06, 1769860800.123456, 1769860800.123457]
    assert [item.position for item in strategy.get_items(sequence)] == times
    assert [item.position for item in strategy.all_items()] == times
    with pytest.raises(SequencedItemConflict):
        strategy.append(SequencedItem(sequence, Decimal("1769860800.123456"), "a#B", "{}"))
    assert strategy.append(SequencedItem(sequence, 1769860800.1234567, "a#B", "{}")) == range(5, 6)
    assert [item.position for item in strategy.get_items(sequence)] == [*times[:3], 1769860800.1234567, times[3]]


class Letter(NamedTuple):
    mailbox: UUID
    number: int
    kind: str
    text: str
    sender: str
    priority: int | None


class Sealed(TypeDecorator[str]):
    """A user's own type, which the journal does not know."""

    impl = String(10)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value and f"<{value}>" if isinstance(value, str) else value

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return value and value[1:-1]


class Parcel(NamedTuple):
    depot: UUID
    number: int
    kind: str
    text: str
    weight: float
    fragile: bool
    stamp: bytes
    code: str
    left_at: datetime
    floor: int | None = None
    seal: str | None = None


class ParcelRecord:
    __table__ = record_table(
        "parcels",
        Column("depot", sequence_id(), nullable=False),
        Column("number", Integer(), nullable=False),
        Column("kind", Text(), nullable=False),
        Column("text", Text(), nullable=False),
        Column("weight", Float(), nullable=False),
        Column("fragile", Boolean(), nullable=False),
        Column("stamp", LargeBinary(), nullable=False),
        Column("code", String(5), nullable=False),
        Column("left_at", aware_time(), nullable=False),
        Column("floor", SmallInteger()),
        Column("seal", Sealed()),
    )


class Folded(TypeDecorator[str]):
    """A user's type that stores several texts as one."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value.lower()

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return value


class FoldedRecord:
    __table__ = record_table(
        "folded",
        Column("sequence_id", Folded(), nullable=False),
        Column("position", aware_time(), nullable=False),
        Column("topic", Text(), nullable=False),
        Column("data", Text(), nullable=False),
    )


class FoldedItem(NamedTuple):
    sequence_id: str
    position: datetime | None
    topic: str
    data: str


@pytest.mark.parametrize("batch", [1, 60])
def test_what_a_type_of_ones_own_stores_alike_is_one_place(journal_url: str, batch: int) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url), tables=(FoldedRecord,)) as datastore:
        datastore.setup_tables()
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=FoldedRecord, sequenced_item_class=FoldedItem
        )
        at = datetime(2026, 1, 31, 12, tzinfo=UTC)
        strategy.append(FoldedItem("order", at, "a#B", "{}"))
        others = [FoldedItem(f"Other {number}", at, "a#B", "{}") for number in range(batch - 1)]
        elsewhere = at.astimezone(timezone(timedelta(hours=2)))
        for data, identical in (("{}", True), ("[]", False)):
            with pytest.raises(SequencedItemConflict) as caught:
                strategy.append([*others, FoldedItem("ORDER", elsewhere, "a#B", data)])
            conflict = caught.value
            assert (conflict.sequence_id, conflict.position, conflict.last_position) == ("ORDER", at, at)
            assert conflict.identical is identical
        with pytest.raises(InvalidData, match="position 'None' is NoneType, not datetime"):
            strategy.append(FoldedItem("order", None, "a#B", "{}"))
        assert strategy.last_global_position() == 1


PARCEL = Parcel(UUID(ID), 0, "a#B", "{}", 1.1, True, b"\0x", "abcde", datetime(2026, 1, 31, tzinfo=UTC), -3, "wax")


@pytest.mark.parametrize("batch", [1, 60])
def test_a_table_of_ones_own_takes_and_refuses_the_same_on_every_database(journal_url: str, batch: int) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url), tables=(ParcelRecord,)) as datastore:
        datastore.setup_tables()
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=ParcelRecord, sequenced_item_class=Parcel
        )
        parcels = [PARCEL._replace(number=number) for number in range(batch)]
        strategy.append(parcels)
        found = strategy.get_items(PARCEL.depot)
        assert found == parcels
        assert [tuple(map(type, parcel)) for parcel in found] == [tuple(map(type, parcel)) for parcel in parcels]
        bare = PARCEL._replace(number=1_000, floor=None, seal=None)
        strategy.append(bare)
        assert strategy.get_item(PARCEL.depot, 1_000) == bare
        with pytest.raises(SequencedItemConflict) as caught:
            strategy.append(PARCEL._replace(left_at=PARCEL.left_at.astimezone(timezone(timedelta(hours=2)))))
        assert caught.value.identical is True
        refusals: list[tuple[str, Any, str]] = [
            ("number", 2**31, "out of range"),
            ("number", -1, "out of range"),
            ("kind", "a\nb", "control character"),
            ("weight", "1.1", "is str, not float"),
            ("weight", float("nan"), "finite"),
            ("fragile", 1, "is int, not bool"),
            ("fragile", "f", "is str, not bool"),
            ("stamp", "x", "is str, not bytes"),
            ("code", "abcdef", "too long: 5 characters"),
            ("code", "a\0", r"raw U\+0000"),
            ("code", None, "is NoneType, not str"),
            ("left_at", datetime(2026, 1, 31), "has no time zone: give an aware datetime"),
            ("left_at", "2026-01-31T12:00:00Z", "is str, not datetime"),
            ("left_at", datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))), "outside of the years 1 to 9999"),
            ("floor", 2**15, "out of range"),
            ("floor", 1.5, "is float, not int"),
            ("seal", "x" * 9, "too long: 10 characters"),
            ("seal", "a\0", r"raw U\+0000"),
            ("seal", 5, "is int, not str"),
        ]
        for name, value, message in refusals:
            with pytest.raises(InvalidData, match=f"{name} .*{message}"):
                strategy.append(
                    [*(PARCEL._replace(number=2_000 + n) for n in range(batch)), PARCEL._replace(**{name: value})]
                )
        assert strategy.last_global_position() == batch + 1


class LetterRecord:
    __table__ = record_table(
        "order",
        Column("mailbox", sequence_id(), nullable=False),
        Column("number", BigInteger(), nullable=False),
        Column("kind", Text(), nullable=False),
        Column("text", Text(), nullable=False),
        Column("sender", Text(), nullable=False),
        Column("priority", BigInteger()),
    )


def test_an_item_class_and_a_table_of_ones_own_carry_further_fields_along(
    datastore: SQLAlchemyDatastore, make_strategy: MakeStrategy
) -> None:
    own = SQLAlchemyDatastore.__new__(SQLAlchemyDatastore)
    own.__dict__.update(vars(datastore))
    own._tables = [LetterRecord.__table__]
    own.setup_tables()
    strategy = make_strategy(LetterRecord, Letter)
    mailbox = uuid4()
    letters = [Letter(mailbox, 0, "a#B", "hello", "Ada", None), Letter(mailbox, 1, "a#B", "again", "Ada", 7)]
    strategy.append(letters)
    assert strategy.get_items(mailbox) == letters
    with pytest.raises(SequencedItemConflict) as caught:
        strategy.append(letters[0]._replace(sender="Bob"))
    assert caught.value.identical is False


def test_a_record_class_without_a_column_for_each_field_is_refused(make_strategy: MakeStrategy) -> None:
    with pytest.raises(TypeError, match=r"has no column kind, mailbox, number, priority, sender, text: a record class"):
        make_strategy(StoredEventRecord, Letter)


def test_times_across_time_zones_are_one_time(datastore: SQLAlchemyDatastore) -> None:
    class Timed(NamedTuple):
        originator_id: UUID
        originator_version: int
        event_type: str
        state: str
        recorded_at: datetime

    strategy = SQLAlchemyActiveRecordStrategy(
        session=datastore.session, active_record_class=StoredEventRecord, sequenced_item_class=Timed
    )
    at = datetime.fromisoformat("2026-01-31T14:00:00.000001+02:00")
    item = Timed(uuid4(), 0, "a#B", "{}", at)
    strategy.append(item)
    [found] = strategy.all_items()
    assert found == item
    assert found.recorded_at.utcoffset() == timedelta(0)
