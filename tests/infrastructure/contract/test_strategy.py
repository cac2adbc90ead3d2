"""What a strategy does, whichever the database: the promises of the journal, one by one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from sqlalchemy import BigInteger, Column, Text

from esjournal.exceptions import InvalidData, SequencedItemConflict
from esjournal.infrastructure.sequenceditem import RecordedEvent, SequencedItem, StoredEvent
from esjournal.infrastructure.sqlalchemy import activerecords
from esjournal.infrastructure.sqlalchemy.activerecords import (
    IntegerSequencedItemRecord,
    RecordedEventRecord,
    SQLAlchemyActiveRecordStrategy,
    StoredEventRecord,
    TimestampSequencedItemRecord,
)
from esjournal.infrastructure.sqlalchemy.columns import sequence_id
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore
from esjournal.infrastructure.sqlalchemy.schema import record_table

Strategy = SQLAlchemyActiveRecordStrategy[StoredEvent]
MakeStrategy = Callable[[type[Any], type[Any]], SQLAlchemyActiveRecordStrategy[Any]]

LAST = 2**63 - 1


def event(sequence: UUID, version: int | None, state: str = "{}", topic: str = "a.b#C") -> StoredEvent:
    return StoredEvent(sequence, version, topic, state)  # type: ignore[arg-type]


def test_an_item_comes_back_equal_and_of_its_class(strategy: Strategy) -> None:
    item = event(uuid4(), 0, '{"foo":"bar"}')
    assert strategy.append(item) == range(1, 2)
    [found] = strategy.get_items(item.originator_id)
    assert found == item
    assert isinstance(found, StoredEvent)
    assert isinstance(found.originator_id, UUID)
    assert strategy.get_item(item.originator_id, 0) == item


@pytest.mark.parametrize(
    "state",
    [
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
    ],
    ids=lambda state: repr(state[:20]),
)
@pytest.mark.parametrize("batch", [1, 60])
def test_state_comes_back_byte_for_byte_whichever_way_it_was_written(
    strategy: Strategy, state: str, batch: int
) -> None:
    sequence = uuid4()
    items = [event(sequence, 0, state, "ä#'\"%s"), *(event(sequence, version) for version in range(1, batch))]
    strategy.append(items)
    assert strategy.get_items(sequence) == items
    assert list(strategy.all_items()) == items


@pytest.mark.parametrize("batch", [1, 60])
@pytest.mark.parametrize(
    ("item", "message"),
    [
        (event(uuid4(), 1_000, "a\0b"), r"U\+0000"),
        (event(uuid4(), 1_000, "{}", "a\0b"), r"U\+0000"),
        (event(uuid4(), 1_000, "a\ud800"), "surrogate"),
        (event(uuid4(), 1_000, "{}", "a\udfff"), "surrogate"),
        (event(uuid4(), 2**63), "64 bits|out of range"),
        (event(uuid4(), -(2**63) - 1), "64 bits|out of range"),
        (StoredEvent("no uuid", 1_000, "a#B", "{}"), "uuid"),
    ],
)
def test_what_a_database_cannot_hold_is_invalid_data_and_nothing_of_the_batch_is_written(
    strategy: Strategy, item: StoredEvent, message: str, batch: int
) -> None:
    with pytest.raises(InvalidData, match=message):
        strategy.append([*(event(uuid4(), 0) for _ in range(batch)), item])
    assert list(strategy.all_items()) == []
    assert strategy.append(event(uuid4(), 0)) == range(1, 2)


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
    for refused in ([SequencedItem(uuid4(), 0, "a#B", "{}")], [(uuid4(), 0, "a#B", "{}")], "text", [None]):
        with pytest.raises(TypeError, match="is no StoredEvent: append items of that class"):
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
        with pytest.raises(InvalidData):
            strategy.get_items(uuid4(), **{bound: position})
    with pytest.raises(InvalidData):
        strategy.get_item(uuid4(), position)


def test_a_limit_below_zero_is_refused(strategy: Strategy) -> None:
    with pytest.raises(ValueError, match="limit is -1: give at least 0"):
        strategy.get_items(uuid4(), limit=-1)


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


def test_a_stored_moment_is_the_time_of_the_append(strategy: Strategy, make_strategy: MakeStrategy) -> None:
    before = datetime.now(UTC)
    strategy.append(event(uuid4(), 0))
    [recorded] = make_strategy(RecordedEventRecord, RecordedEvent).all_items()
    moment = datetime.fromisoformat(recorded.recorded_at)
    assert before <= moment <= datetime.now(UTC)
    assert recorded.recorded_at.endswith("Z")


@pytest.mark.parametrize("batch", [1, 60])
@pytest.mark.parametrize("moment", ["2026-01-31T12:00:00.123456Z", "0001-01-01T00:00:00.000000Z", None])
def test_a_recorded_event_keeps_its_moment_and_gets_a_new_global_position(
    make_strategy: MakeStrategy, batch: int, moment: str | None
) -> None:
    strategy = make_strategy(RecordedEventRecord, RecordedEvent)
    given = [RecordedEvent(str(uuid4()), 0, "a#B", "{}", moment, 99) for _ in range(batch)]
    strategy.append(given)
    found = list(strategy.all_items())
    assert [item.global_position for item in found] == list(range(1, batch + 1))
    assert [item._replace(global_position=99, recorded_at=None) for item in found] == [
        item._replace(recorded_at=None) for item in given
    ]
    if moment is not None:
        assert {item.recorded_at for item in found} == {moment}


def test_two_item_classes_see_the_same_journal(strategy: Strategy, make_strategy: MakeStrategy) -> None:
    recorded = make_strategy(RecordedEventRecord, RecordedEvent)
    item = event(uuid4(), 0, '{"a":1}')
    strategy.append(item)
    [found] = recorded.get_items(str(item.originator_id))
    assert found[:4] == (str(item.originator_id), 0, "a.b#C", '{"a":1}')
    with pytest.raises(SequencedItemConflict) as caught:
        recorded.append(RecordedEvent(*found[:4], recorded_at="2001-01-01T00:00:00.000000Z"))
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


def test_sequenced_items_at_moments_are_exact_to_the_microsecond(make_strategy: MakeStrategy) -> None:
    strategy = make_strategy(TimestampSequencedItemRecord, SequencedItem)
    sequence = uuid4()
    moments = [Decimal("-1.5"), Decimal("0.000001"), Decimal("1769860800.123456"), Decimal("1769860800.123457")]
    items = [SequencedItem(sequence, moment, "a#B", "{}") for moment in moments]
    strategy.append(items)
    assert strategy.get_items(sequence) == items
    assert strategy.get_item(sequence, moments[2]) == items[2]
    assert strategy.get_items(sequence, gt=moments[1], lte=moments[2]) == [items[2]]
    with pytest.raises(SequencedItemConflict) as caught:
        strategy.append(items[0])
    assert caught.value.last_position == moments[-1]
    with pytest.raises(InvalidData, match="more digits than microseconds: round it"):
        strategy.append(SequencedItem(sequence, Decimal("1.0000001"), "a#B", "{}"))
    for refused in (Decimal("NaN"), Decimal("Infinity"), float("nan"), "soon"):
        with pytest.raises(InvalidData, match="is no number of seconds"):
            strategy.append(SequencedItem(sequence, refused, "a#B", "{}"))


class Letter(NamedTuple):
    mailbox: UUID
    number: int
    kind: str
    text: str
    sender: str
    priority: int | None


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


def test_moments_across_time_zones_are_one_moment(datastore: SQLAlchemyDatastore) -> None:
    class Timed(NamedTuple):
        originator_id: UUID
        originator_version: int
        event_type: str
        state: str
        recorded_at: datetime

    strategy = SQLAlchemyActiveRecordStrategy(
        session=datastore.session, active_record_class=StoredEventRecord, sequenced_item_class=Timed
    )
    moment = datetime.fromisoformat("2026-01-31T14:00:00.000001+02:00")
    item = Timed(uuid4(), 0, "a#B", "{}", moment)
    strategy.append(item)
    [found] = strategy.all_items()
    assert found == item
    assert found.recorded_at.utcoffset() == timedelta(0)
