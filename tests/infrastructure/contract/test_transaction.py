"""A transaction of a strategy: many batches at once, on each database."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from esjournal.exceptions import NotInitialised, SequencedItemConflict
from esjournal.infrastructure.sequenceditem import SequencedItem, StoredEvent
from esjournal.infrastructure.sqlalchemy.activerecords import (
    SQLAlchemyActiveRecordStrategy,
    TimestampSequencedItemRecord,
)
from esjournal.infrastructure.sqlalchemy.items.writer import Transaction

Strategy = SQLAlchemyActiveRecordStrategy[StoredEvent]
MakeStrategy = Callable[[type[Any], type[Any]], SQLAlchemyActiveRecordStrategy[Any]]


def event(sequence: UUID, version: int, state: str = "{}", topic: str = "a.b#C") -> StoredEvent:
    return StoredEvent(sequence, version, topic, state)


def events(sequence: UUID, versions: Sequence[int]) -> list[StoredEvent]:
    return [event(sequence, version) for version in versions]


def columns(items: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list(zip(*items, strict=True)) or [(), (), (), ()]


def positions(strategy: Strategy) -> list[int]:
    with strategy.session.connection() as connection:
        table = strategy.session.table_name("stored_events")
        return [row[0] for row in connection.execute(f"SELECT global_position FROM {table} ORDER BY 1")]


def test_one_transaction_writes_many_batches_and_survives_one_that_conflicts(strategy: Strategy) -> None:
    sequence = uuid4()
    with strategy.transaction() as transaction:
        assert transaction.append([event(sequence, 0), event(sequence, 1)]) == range(1, 3)
        with pytest.raises(SequencedItemConflict) as caught:
            transaction.append([event(sequence, 2), event(sequence, 1)])
        assert (caught.value.position, caught.value.last_position, caught.value.identical) == (1, 1, True)
        assert transaction.append([event(sequence, version) for version in range(2, 100)]) == range(3, 101)
        stored = transaction.stored_at([event(sequence, 5), event(sequence, 500)])
        assert stored == {(sequence, 5): event(sequence, 5)}
        assert transaction.last_positions([sequence, uuid4()]) == [99, None]
    assert len(strategy.get_items(sequence)) == 100


def test_an_exception_inside_a_transaction_leaves_nothing_written(strategy: Strategy) -> None:
    def write_and_change_ones_mind() -> None:
        with strategy.transaction() as transaction:
            transaction.append([event(uuid4(), 0) for _ in range(100)])
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        write_and_change_ones_mind()
    assert list(strategy.all_items()) == []
    assert strategy.append(event(uuid4(), 0)) == range(1, 2)


@pytest.mark.parametrize(
    "error", [OverflowError("too far"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")]
)
def test_an_error_of_the_body_of_a_transaction_stays_as_it_is(strategy: Strategy, error: Exception) -> None:
    def fail() -> None:
        with strategy.transaction() as transaction:
            transaction.append([event(uuid4(), 0)])
            # Drivers raise these too, and those are translated.
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    assert list(strategy.all_items()) == []


def test_an_error_of_the_driver_in_a_transaction_is_translated(strategy: Strategy) -> None:
    def look_into_a_table_that_is_gone() -> None:
        with strategy.transaction() as transaction:
            transaction._connection.execute(f"DROP TABLE {strategy.session.table_name('stored_events')}")
            transaction.stored_at([event(uuid4(), 0)])

    with pytest.raises(NotInitialised):
        look_into_a_table_that_is_gone()
    assert list(strategy.all_items()) == []


def test_leading_batches_are_written_in_their_order(strategy: Strategy) -> None:
    sequence = uuid4()
    with strategy.transaction() as transaction:
        assert (
            transaction.append_leading(map(columns, [events(sequence, range(3)), [], events(sequence, range(3, 50))]))
            == 50
        )
        assert transaction.append_leading([]) == 0
        assert transaction.append_leading([columns(events(sequence, range(50, 52)))]) == 2
    assert [found.originator_version for found in strategy.all_items()] == list(range(52))
    assert positions(strategy) == list(range(1, 53))


@pytest.mark.parametrize("taken", [0, 4, 9])
def test_where_a_place_is_taken_at_most_the_items_before_it_are_written(strategy: Strategy, taken: int) -> None:
    sequence = uuid4()
    strategy.append(event(sequence, taken))
    with strategy.transaction() as transaction:
        batches = [events(sequence, range(6)), events(sequence, range(6, 10))]
        written = transaction.append_leading(map(columns, batches))
        assert written in (taken, 0)
        rest = [found for found in events(sequence, range(10))[written:] if found.originator_version != taken]
        transaction.append(rest)
    assert sorted(found.originator_version for found in strategy.all_items()) == list(range(10))
    assert positions(strategy) == list(range(1, 11))


def test_two_items_for_one_place_in_leading_batches_count_as_taken(strategy: Strategy) -> None:
    sequence = uuid4()
    with strategy.transaction() as transaction:
        assert transaction.append_leading(map(columns, [events(sequence, [0, 1]), events(sequence, [1, 2])])) < 4


def test_an_exception_among_leading_batches_ends_the_transaction_and_leaves_nothing(strategy: Strategy) -> None:
    def broken() -> Iterator[list[StoredEvent]]:
        yield events(uuid4(), range(30))
        raise RuntimeError("the file is gone")

    def append_broken() -> None:
        with strategy.transaction() as transaction:
            transaction.append_leading(map(columns, broken()))

    with pytest.raises(RuntimeError, match="the file is gone"):
        append_broken()
    assert list(strategy.all_items()) == []
    assert strategy.append(event(uuid4(), 0)) == range(1, 2)


def test_items_that_repeat_the_journal_from_a_position_on_are_counted(strategy: Strategy) -> None:
    one, other = uuid4(), uuid4()
    stored = [*events(one, range(3)), *events(other, range(3))]
    strategy.append(stored)

    def repeated(items: list[StoredEvent], after: int) -> int:
        with strategy.transaction() as transaction:
            return transaction.repeated(columns(items), after)

    assert repeated(stored, 0) == 6
    assert repeated(stored[2:], 2) == 4
    assert repeated(stored, 1) == 0
    assert repeated(stored[:2], 0) == 2
    assert repeated([*stored, event(one, 3)], 0) == 6
    assert repeated([*stored[:3], event(other, 0, '{"x":1}'), *stored[4:]], 0) == 3
    assert repeated([*stored[:3], event(other, 0, topic="a.b#D"), *stored[4:]], 0) == 3
    assert repeated([], 0) == 0
    assert repeated(stored, 6) == 0


def test_last_positions_and_stored_items_come_for_many_at_once(strategy: Strategy) -> None:
    one, other, none = uuid4(), uuid4(), uuid4()
    strategy.append([*events(one, range(3)), *events(other, [7])])
    with strategy.transaction() as transaction:
        assert transaction.last_positions([other, none, one, other]) == [7, None, 2, 7]
        assert transaction.last_positions([]) == []
        assert transaction.stored_at([]) == {}
        wanted = [event(one, 1, "another state"), event(one, 3), event(other, 7), event(none, 0)]
        assert transaction.stored_at(wanted) == {(one, 1): event(one, 1), (other, 7): event(other, 7)}


def test_times_are_positions_like_any_other(make_strategy: MakeStrategy) -> None:
    strategy = make_strategy(TimestampSequencedItemRecord, SequencedItem)
    sequence = uuid4()
    items = [SequencedItem(sequence, position, "a#B", "{}") for position in (1.0000001, 2.5)]
    with strategy.transaction() as transaction:
        assert transaction.append_leading([columns(items)]) == 2
        assert transaction.last_positions([sequence]) == [2.5]
        assert transaction.stored_at(items) == {(sequence, item.position): item for item in items}


def has_indexes(transaction: Transaction[StoredEvent]) -> bool:
    """Return whether the table has all of its indexes, or only the two of rows that have a value."""
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = 'stored_events'"
    [count] = transaction._connection.execute(query).fetchone()
    assert count in (2, 4)
    return bool(count == 4)


def keeps_its_index(strategy: Strategy) -> bool:
    """Return whether the index stays, as on PostgreSQL, where dropping it would lock out every reader."""
    if strategy.session.engine.dialect.name == "sqlite":
        return False
    with strategy.transaction() as transaction:
        assert not transaction.defer_index()
        assert list(transaction.build_index()) == []
    return True


def test_the_index_is_deferred_only_while_the_table_is_empty(strategy: Strategy) -> None:
    if keeps_its_index(strategy):
        return
    with strategy.transaction() as transaction:
        assert transaction.defer_index()
        assert not has_indexes(transaction)
        transaction.append_leading([columns(events(uuid4(), range(137)))])
        assert list(transaction.build_index()) == []
        assert has_indexes(transaction)
    with strategy.transaction() as transaction:
        assert not transaction.defer_index()
        assert has_indexes(transaction)


def test_twins_are_taken_out_when_the_index_is_built(strategy: Strategy) -> None:
    if keeps_its_index(strategy):
        return
    sequence = uuid4()
    items = [*events(sequence, [0, 1, 0, 2, 1]), event(sequence, 1, '{"x":1}'), event(sequence, 3)]
    with strategy.transaction() as transaction:
        transaction.defer_index()
        assert transaction.append_leading([columns(items)]) == 7
        twins = list(transaction.build_index())
        assert [(twin.offset, twin.identical) for twin in twins] == [(2, True), (4, True), (5, False)]
        assert [twin.item for twin in twins] == [items[2], items[4], items[5]]
        assert has_indexes(transaction)
    assert list(strategy.all_items()) == events(sequence, range(4))
    assert positions(strategy) == [1, 2, 3, 4]
    assert strategy.append(event(sequence, 4)) == range(5, 6)
    with pytest.raises(SequencedItemConflict):
        strategy.append(event(sequence, 0))


def test_an_exception_brings_the_deferred_index_back(strategy: Strategy) -> None:
    if keeps_its_index(strategy):
        return

    def change_ones_mind() -> None:
        with strategy.transaction() as transaction:
            transaction.defer_index()
            transaction.append_leading([columns(events(uuid4(), [0, 0]))])
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        change_ones_mind()
    with strategy.transaction() as transaction:
        assert has_indexes(transaction)
    assert list(strategy.all_items()) == []


@pytest.mark.parametrize("topic", ["a.b#C", "a\\b#C"])
def test_any_text_in_leading_batches_comes_back_as_it_was(strategy: Strategy, topic: str) -> None:
    states = ["", "\\N", "\\.", "a\tb\\\tc", "\n\r\n", "\\\\x41\\", "é\u2028\U0001f6eb", "\x01\x7f", '{"a":"\\n"}']
    sequence = uuid4()
    items = [event(sequence, version, state, topic) for version, state in enumerate(states)]
    with strategy.transaction() as transaction:
        assert transaction.append_leading([columns(items[:4]), columns(items[4:])]) == len(items)
    assert list(strategy.all_items()) == items
