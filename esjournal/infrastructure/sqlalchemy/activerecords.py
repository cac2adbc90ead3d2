"""Record classes, and the strategy that writes items to their tables and reads them back."""

from __future__ import annotations

from collections import deque, namedtuple
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import Column, Table, Text
from sqlalchemy.types import TypeEngine

from esjournal.domain.model.recordedevent import ADDED_FIELDS, EVENT_ID, METADATA, SEQUENCE_NAME
from esjournal.domain.model.sequencenames import named_id
from esjournal.exceptions import InvalidData, OutOfOrder, StatementCancelled, StoreDamaged, StoreUnreachable, advising
from esjournal.infrastructure.activerecord import AbstractActiveRecordStrategy, check_at_least, check_is_no_text
from esjournal.infrastructure.sequenceditem import SequencedItemFieldNames
from esjournal.infrastructure.sqlalchemy.columntypes import (
    Timestamp,
    aware_time,
    big_integer,
    named_id_as_text,
    now,
    now_as_text,
    object_as_text,
    sequence_id,
    sequence_id_as_text,
    time_as_text,
)
from esjournal.infrastructure.sqlalchemy.items.columnrules import STATES
from esjournal.infrastructure.sqlalchemy.items.conditions import EVERYTHING, Conditions
from esjournal.infrastructure.sqlalchemy.items.recordclasses import checked_table
from esjournal.infrastructure.sqlalchemy.items.statements import Statements, is_added
from esjournal.infrastructure.sqlalchemy.items.writer import Transaction, names_to_write
from esjournal.infrastructure.sqlalchemy.schema import added_column, names_table, record_table
from esjournal.infrastructure.sqlalchemy.session import Session

Item = TypeVar("Item", bound=tuple[Any, ...])

PAGE_SIZE = 500
NO_LIMIT = 2**63 - 1
# Its multiples divide a span into parts of two or three sizes, however many they are.
_GOLDEN_RATIO = (1 + 5**0.5) / 2
# Before and after every stored value, even one that is not a time: PostgreSQL has these times, SQLite sorts them so.
FIRST_TIME, LAST_TIME = "-infinity", "infinity"


def _stored_events(
    id_type: TypeEngine[Any], time_type: TypeEngine[Any], clock: Callable[[], Any], *added: Column[Any]
) -> Any:
    return record_table(
        "stored_events",
        Column("originator_id", id_type, nullable=False),
        Column("originator_version", big_integer(), nullable=False),
        Column("event_type", Text(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("recorded_at", time_type, nullable=False, default=clock, index=True),
        *added,
    )


def _sequenced_items(name: str, position: TypeEngine[Any]) -> Any:
    return record_table(
        name,
        Column("sequence_id", sequence_id(), nullable=False),
        Column("position", position, nullable=False),
        Column("topic", Text(), nullable=False),
        Column("data", Text(), nullable=False),
    )


def _of_version_2(id_type: TypeEngine[Any]) -> tuple[Column[Any], ...]:
    return added_column(2, METADATA, object_as_text()), added_column(2, EVENT_ID, id_type, unique=True)


def _recorded_events(id_type: TypeEngine[Any]) -> Any:
    return _stored_events(id_type, time_as_text(), now_as_text, *_of_version_2(sequence_id_as_text()))


class StoredEventRecord:
    """Records of `StoredEvent`: the journal's table, with ids as UUIDs and times as datetimes."""

    __table__ = _stored_events(sequence_id(), aware_time(), now, *_of_version_2(sequence_id()))
    __names__ = names_table


class _NamedEventRecord:
    """Records of `RecordedEvent` in a journal whose sequences have names, which their ids carry."""

    __table__ = _recorded_events(named_id_as_text(names_table))
    __names__ = names_table


class RecordedEventRecord:
    """Records of `RecordedEvent`: the same table, with ids and times as canonical text."""

    __table__ = _recorded_events(sequence_id_as_text())
    __names__ = names_table
    __named__ = _NamedEventRecord


class _NumberedNamedEventRecord(_NamedEventRecord):
    positions_are_given = True


class NumberedEventRecord(RecordedEventRecord):
    """Records of `RecordedEvent` in a temporary journal, written at the global positions that the events have."""

    positions_are_given = True
    __named__ = _NumberedNamedEventRecord


class RecordedEventRecord1:
    """Records of `RecordedEvent` in a journal of schema version 1, which has no metadata and no event ids."""

    __table__ = _stored_events(sequence_id_as_text(), time_as_text(), now_as_text)

    @staticmethod
    def completed(rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
        """Return rows, with or without a global position, with neither metadata nor event ids before it."""
        return [(*row[:5], None, None, *row[5:]) for row in rows]


class IntegerSequencedItemRecord:
    """Records of `SequencedItem` at integer positions."""

    __table__ = _sequenced_items("integer_sequenced_items", big_integer())


class TimestampSequencedItemRecord:
    """Records of `SequencedItem` at times: seconds since 1970, floats as from `time.time()`."""

    __table__ = _sequenced_items("timestamp_sequenced_items", Timestamp())


class SQLAlchemyActiveRecordStrategy(AbstractActiveRecordStrategy[Item]):
    """Writes items of one class to the table of one record class, and reads them back.

    Args:
        session: the session of a datastore.
        active_record_class: a class whose `__table__` has a column for each field of the items, and global_position. If
            it lacks columns, its `completed` makes the fields of items from the rows. It may have a table of the names
            of sequences as `__names__`, and as `__named__` the class that reads them too.
        sequenced_item_class: the namedtuple class of the items.

    Raises:
        TypeError: the table of the record class cannot hold the items.
    """

    def __init__(self, *, session: Session, active_record_class: type[Any], sequenced_item_class: type[Item]) -> None:
        self.session = session
        self.sequenced_item_class = sequenced_item_class
        self.active_record_class = active_record_class
        self.field_names = SequencedItemFieldNames(sequenced_item_class)
        self.table: Table = checked_table(active_record_class, self.field_names)
        self._statements = Statements(active_record_class, sequenced_item_class, session.sql, str(session.url))
        self._has_names = False
        self._describing: Statements[Any] | None = None

    def append(
        self,
        item_or_items: Item | Iterable[Item],
        *,
        names: Mapping[Any, str] | None = None,
        metadata: str | None = None,
    ) -> Sequence[int]:
        """Write one item or many, all or nothing; see the base class."""
        items = self._as_list(item_or_items)
        if not items:
            return range(0)
        statements, described = (self._statements, items) if metadata is None else self._described(items, metadata)
        rows = statements.rows(described)
        given = [named_id(str(sequence_id), name) for sequence_id, name in (names or {}).items()]
        written = names_to_write(self.session, statements, [*given, *(item[0] for item in items)])
        if given and not written:
            raise InvalidData(f"sequences of the table {self.table.name} have no names: leave the name out")
        # Entering what only an error needs would take a sixth of the time that an append takes SQLite.
        try:
            with self.session.writing_connection() as connection:
                try:
                    last = self.session.append(connection, statements.appending, rows, written)
                except Exception:
                    with self._explaining(connection, items, metadata):
                        raise
        except BaseException:
            with self._naming(items):
                raise
        return range(last - len(items) + 1, last + 1)

    @contextmanager
    def transaction(self) -> Iterator[Transaction[Item]]:
        """Write many batches in one transaction: committed at the end, rolled back by any exception.

        It holds the journal's write lock from the first statement to the last.
        """
        with self.session.transaction(self._statements.table) as connection:
            with self.session.translating():
                self.session.prepare_for_many_rows(connection)
            yield Transaction(self.session, self._statements, connection)
            with self.session.translating():
                last = self.session.to_confirm(connection, self._statements.appending)
        if last is not None:
            with self.session.connection() as connection:
                self.session.confirm(connection, self._statements.appending, last)

    def get_item(self, sequence_id: Any, eq: Any) -> Item | None:
        """Return the item at a position in a sequence, None if the position is free."""
        place = self._statements.checked_place(sequence_id, eq)
        rows = self.session.rows(self._statements.item_at(), place)
        return next(iter(self._statements.items(rows)), None)

    def get_item_with_event_id(self, event_id: Any) -> Item | None:
        """Return the item with an event id, None if no item has it.

        Args:
            event_id: a UUID, as the items have it.
        """
        statement = self._statements.items_with_event_ids()
        if statement is None:
            return None
        with self.session.connection() as connection:
            rows = self.session.rows_at(connection, statement, [(event_id,)])
        return next(iter(self._statements.items(rows)), None)

    def stored_at(self, items: Sequence[Item]) -> dict[Any, Item]:
        """Return the stored items at the places of some items, by sequence id and position."""
        with self.session.connection() as connection:
            return Transaction(self.session, self._statements, connection).stored_at(items)

    def same_content(self, one: Item, other: Item) -> bool:
        """Say whether two items are equal, apart from `recorded_at` and the global position."""
        return self._statements.same_content(one, other)

    def get_items(
        self,
        sequence_id: Any,
        gt: Any = None,
        gte: Any = None,
        lt: Any = None,
        lte: Any = None,
        limit: int | None = None,
        query_ascending: bool = True,
        results_ascending: bool = True,
    ) -> list[Item]:
        """Return items of one sequence; see the base class."""
        # SQLite takes a limit below 0 to mean that there is none.
        check_at_least(0, limit=limit)
        given = {"gt": gt, "gte": gte, "lt": lt, "lte": lte}
        bounds = {name: value for name, value in given.items() if value is not None}
        statement = self._statements.items_of_sequence(tuple(bounds), query_ascending)
        parameters = self._statements.checked_place(sequence_id, *bounds.values())
        parameters.append(NO_LIMIT if limit is None else min(limit, NO_LIMIT))
        rows = self.session.rows(statement, parameters)
        items = self._statements.items(rows)
        return items if query_ascending == results_ascending else items[::-1]

    def last_global_position(self) -> int:
        """Return the global position of the last item, 0 if there are none."""
        return self._first_and_last_position()[1]

    def settled_position(self) -> int:
        """Return the global position up to which no more items can appear, whatever is being written now.

        A journal's positions are committed in order, so it is the last one.

        Raises:
            StoreDamaged: there are positions below 1, whose items a reader in global order would not see.
        """
        first, last = self._first_and_last_position()
        if first < min(1, last):
            raise StoreDamaged(str(self.session.url), f"its first global position is {first}, and readers begin at 1")
        return last

    def look_for_names(self) -> None:
        """Find out whether sequences have names; if they do, ids carry them from now on.

        Most journals have no names, and reading one does no join. Others may write the first name at any time, so each
        look at the last position is also a look for names.
        """
        [(has_names,)] = self.session.rows(f"SELECT {self._statements.any_names()}")
        self._note_names(has_names)

    @property
    def has_names(self) -> bool:
        """Whether sequences had names when they were last looked for."""
        return self._has_names

    def _note_names(self, has_names: bool) -> None:
        if has_names and not self._has_names:
            self._has_names = True
            self._statements = self._statements.with_names()

    def _first_and_last_position(self) -> tuple[int, int]:
        [(first, last, has_names)] = self.session.rows(self._statements.first_and_last())
        self._note_names(has_names)
        if first > last:
            # In a damaged table, the last row for SQLite need not have the highest position.
            raise StoreDamaged(str(self.session.url), f"its last global position is {last}, and its first {first}")
        return int(first), int(last)

    def fields_in_use(self) -> frozenset[str]:
        """Return those of the fields `metadata`, `event_id` and `sequence_name` that some item has."""
        self.look_for_names()
        [found] = self.session.rows(self._statements.fields_in_use(ADDED_FIELDS))
        in_use = {name for name, is_in_use in zip(ADDED_FIELDS, found, strict=True) if is_in_use}
        return frozenset(in_use | {SEQUENCE_NAME} if self._has_names else in_use)

    def check_order(self) -> None:
        """Check that a reader that continues after a global position cannot miss items.

        Raises:
            OutOfOrder: items may become visible before others with lower positions.
        """
        if (reason := self.session.out_of_order(self.table)) is not None:
            raise OutOfOrder(
                f"{self.session.url} cannot be followed, copied, or read on from a position, because events would be "
                f"missed: {reason}"
            )

    def sampled_ids(self, count: int, until: int) -> list[Any]:
        """Return the ids of the sequences of items that are spread over the global positions, at irregular distances.

        At regular ones, they could all be of one sequence, where sequences grow in turns.

        Args:
            count: the number of ids. If items were deleted, an id may come more than once.
            until: the last global position.
        """
        statement = self._statements.id_after()
        with self.session.connection() as connection:
            positions = sorted(int(until * (number * _GOLDEN_RATIO % 1)) for number in range(count))
            rows = [connection.execute(statement, (position,)).fetchone() for position in positions]
        return [self._statements.id_of_row(row) for row in rows if row is not None]

    def ids_between(self, first: Any, last: Any, limit: int) -> list[Any]:
        """Return the first ids of sequences between two ids, these included.

        Each is searched for after the one before, so that the number of items of a sequence does not matter.
        """
        check_at_least(0, limit=limit)
        ids: list[Any] = []
        with self.session.connection() as connection:
            while len(ids) < limit:
                statement = self._statements.id_between(from_first=not ids)
                row = connection.execute(statement, [self.bound_id(end) for end in (first, last)]).fetchone()
                if row is None:
                    break
                first = self._statements.id_of_row(row)
                ids.append(first)
        return ids

    def ids_ending(self, end: str, first: Any, last: Any) -> Generator[Any, None, None]:
        """Yield the ids of sequences that end with a text, and perhaps others, between two ids, these included.

        This reads all of the index of places between the two ids.
        """
        between = [self.bound_id(each) for each in (first, last)]
        for rows in self.session.rows_streamed(self._statements.ids_between(), [*between, f"%{end}"]):
            yield from map(self._statements.id_of_row, rows)

    def named(self, sequence_ids: Sequence[str]) -> list[str]:
        """Return the same ids, which carry the names of their sequences now."""
        statement = self._statements.names_of()
        if statement is None or not self._has_names or not sequence_ids:
            return list(sequence_ids)
        with self.session.connection() as connection:
            rows = self.session.rows_at(connection, statement, [(sequence_id,) for sequence_id in sequence_ids])
        names: dict[str, str] = dict(rows)
        return [named_id(each, names[each]) if each in names else each for each in sequence_ids]

    def mistaken_for(self, name: str) -> str | None:
        """Return the name of a sequence that could be mistaken for this one; None if the table has no names.

        Args:
            name: a name, or an id.
        """
        return None

    def all_items(
        self, *, after: int = 0, sequence_ids: Iterable[Any] = (), topics: Iterable[str] = ()
    ) -> Iterator[Item]:
        """Return all items in global order, streaming; see the base class.

        Items are read in pages. Positions are committed in order, so the pages are consistent without a common
        snapshot, and nothing stays open between them, however slow the reader is.
        """
        check_at_least(0, after=after)
        check_is_no_text(sequence_ids=sequence_ids, topics=topics)
        if after:
            self.check_order()
        ids = [self.bound_id(sequence_id) for sequence_id in sequence_ids]
        conditions = Conditions(sequence_ids=ids, topics=STATES.values("topic", list(topics)))
        return map(self._statements.item, chain.from_iterable(self.pages(after=after, conditions=conditions)))

    def pages(
        self,
        *,
        after: int = 0,
        until: int | None = None,
        conditions: Conditions = EVERYTHING,
        ascending: bool = True,
        size: int | None = None,
        ahead: bool = False,
        checked: bool = True,
    ) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Return the items of `all_items` in pages, as plain tuples of their fields.

        For many items: making a namedtuple takes a quarter of the time of reading it.

        Args:
            after: begin after this global position.
            until: end with this global position; by default the last one when reading begins.
            conditions: which items to read. The database may also return others, which the caller has to leave out.
            ascending: the order of the global positions.
            size: the largest number of items of a page, PAGE_SIZE by default.
            ahead: let a server read the next page while this one is used. It is for fast readers that take all items
                in ascending order.
            checked: raise for an item with a value of the wrong class in a column, as tables on SQLite that are not
                strict may have; otherwise the caller checks the items.

        Raises:
            ValueError: a global position below 0, or a size below 1.
        """
        check_at_least(0, after=after, until=until)
        check_at_least(1, size=size)
        return self._pages(after, until, conditions, ascending, size or PAGE_SIZE, ahead, checked)

    def _pages(
        self,
        after: int,
        until: int | None,
        conditions: Conditions,
        ascending: bool,
        size: int,
        ahead: bool,
        checked: bool,
    ) -> Iterator[Sequence[tuple[Any, ...]]]:
        if until is None:
            until = self.last_global_position()
        # Others are used once sequences have names.
        statements = self._statements
        statement, values = statements.page(conditions, ascending=ascending)
        position = statements.position_in_page
        with self.session.on_one_server():
            if ahead and ascending and not conditions:
                after = yield from self._pages_ahead(statements, after, until, size, checked)
            while after < until:
                rows = self.session.rows(statement, (after, until, *values, size))
                if rows:
                    self._check_positions(rows if ascending else rows[::-1], position, after, until)
                    yield statements.page_values(rows, checked=checked)
                if len(rows) < size:
                    return
                after, until = (rows[-1][position], until) if ascending else (after, rows[-1][position] - 1)

    def pages_of_columns(
        self, names: Sequence[str], *, after: int, until: int
    ) -> Iterator[Sequence[tuple[Any, ...]]] | None:
        """Return pages of some fields of all items in global order, each with its global position last.

        Reading a state alone takes half the time of reading all fields.

        Args:
            names: the names of the fields.
            after: begin after this global position.
            until: end with this global position.

        Returns:
            None if the fields of the table can only be read together, as those of other libraries.
        """
        statements = self._statements
        return self._pages_of_columns(statements, names, after, until) if statements.reads_columns else None

    def _pages_of_columns(
        self, statements: Statements[Item], names: Sequence[str], after: int, until: int
    ) -> Iterator[Sequence[tuple[Any, ...]]]:
        statement = statements.page_of_columns(names)
        with self.session.on_one_server():
            while after < until:
                rows = self.session.rows(statement, (after, until, PAGE_SIZE))
                if not rows:
                    return
                self._check_positions(rows, -1, after, until)
                yield statements.column_values(rows, names)
                after = rows[-1][-1]

    def pages_after(self, positions: Iterable[int], *, until: int) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Return pages of a table without gaps, so that two readers can share it.

        Args:
            positions: the global positions that the pages start after; each page has PAGE_SIZE items.
            until: the last global position, where the last page of the table ends.
        """
        with self.session.on_one_server():
            yield from self._pages_at(self._statements, positions, until, PAGE_SIZE, True)

    def _pages_ahead(
        self, statements: Statements[Item], after: int, until: int, size: int, checked: bool
    ) -> Generator[Sequence[tuple[Any, ...]], None, int]:
        """Yield pages while the position where each one begins is known, and return the position to continue after.

        It is known until positions are missing.
        """
        is_whole = True

        def positions() -> Iterator[int]:
            start = after
            while start < until and is_whole:
                yield start
                start += size

        for page in self._pages_at(statements, positions(), until, size, checked):
            after += size
            is_whole = len(page) == size
            if page:
                yield page
        return after

    def _pages_at(
        self, statements: Statements[Item], positions: Iterable[int], until: int, size: int, checked: bool
    ) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Yield the page that starts after each position, perhaps an empty one.

        A server reads the next page while this one is used. If it cancels a statement, or the connection, the pages
        that it was asked for are read alone: such a page may be read again, on a new connection.
        """
        statement, _ = statements.page()
        spans = ((after, min(after + size, until), size) for after in positions)
        asked: deque[tuple[int, int, int]] = deque()

        def asked_for() -> Iterator[tuple[int, int, int]]:
            for span in spans:
                asked.append(span)
                yield span

        def page_of(rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
            if rows:
                self._check_positions(rows, statements.position_in_page)
            return statements.page_values(rows, checked=checked)

        while True:
            with suppress(StatementCancelled, StoreUnreachable):
                for rows in self.session.rows_of_each(statement, asked_for()):
                    asked.popleft()
                    yield page_of(rows)
                return
            # At least one page is read alone each time, so that this ends.
            if not asked and next(asked_for(), None) is None:
                return
            while asked:
                yield page_of(self.session.rows(statement, asked.popleft()))

    def _check_positions(
        self, rows: Sequence[tuple[Any, ...]], position: int, after: int = 0, until: int = NO_LIMIT
    ) -> None:
        """Check that positions rise: from a damaged table, SQLite may return the same rows again and again.

        The check takes 0.03 microseconds a row.
        """
        positions = [row[position] for row in rows]
        try:
            rise = after < positions[0] and positions[-1] <= until and positions == sorted(positions)
        except TypeError:
            rise = False
        if not rise:
            raise StoreDamaged(str(self.session.url), f"after global position {after}, positions do not rise")

    def is_without_gaps(self, until: int) -> bool:
        """Say whether there is an item at each global position from 1 to `until`."""
        [(count,)] = self.session.rows(self._statements.count_until(), (until,))
        return bool(count == until)

    def count_between(self, after: int, until: int) -> int:
        """Return the number of items after a global position, up to another one."""
        [(count,)] = self.session.rows(self._statements.count_between(), (after, until))
        return int(count)

    def pages_in_one_statement(
        self, *, after: int, until: int, conditions: Conditions = EVERYTHING
    ) -> Generator[Sequence[tuple[Any, ...]], None, None]:
        """Return the pages of all items, unchecked, from one statement, which stays open until all are read.

        Only for use inside a snapshot: the server reads on while a page is used. 336,776 events take 0.45 seconds from
        PostgreSQL, and 1.1 with a statement for each page; from SQLite 0.43 and 0.55.

        Args:
            after: begin after this global position.
            until: end with this global position.
            conditions: which items to read. The database may also return others, which the caller has to leave out.
        """
        statements = self._statements
        statement, values = statements.page(conditions)
        with (
            self.session.connection() as connection,
            # A reader that stops early interrupts the statement, which must not end the snapshot.
            self.session.savepoint(connection),
            closing(self.session.rows_streamed(statement, (after, until, *values, NO_LIMIT))) as rows,
        ):
            for some in rows:
                yield statements.page_values(some, checked=False)

    def pages_by_place(
        self, *, until: int, first_id: Any = None, before_id: Any = None
    ) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Return all items by sequence and position, in pages, as plain tuples of their fields without global position.

        It is one statement, which stays open until all are read, and so one consistent state. For 336,776 events it
        takes SQLite 1.5 seconds, and 1.8 with a statement for each page; PostgreSQL 1.2 and 1.6.

        Args:
            until: leave out items after this global position.
            first_id: begin with the sequence of this id.
            before_id: end before the sequence of this id.
        """
        bounds = {"gte": first_id, "lt": before_id}
        given = {name: self.bound_id(bound) for name, bound in bounds.items() if bound is not None}
        rows = self.session.rows_streamed(self._statements.by_place(tuple(given)), (until, *given.values()))
        return map(self._statements.place_values, rows)

    def positions_between(self, since: str | None, until: str | None) -> tuple[int, int] | None:
        """Return the first and the last global position of items recorded between two times, None if there are none.

        Args:
            since: the earliest time, in canonical form.
            until: the latest time, in canonical form.
        """
        times = (since or FIRST_TIME, until or LAST_TIME)
        [(first, last)] = self.session.rows(self._statements.positions_between(), times)
        return None if first is None else (first, last)

    def bound_id(self, sequence_id: Any) -> Any:
        """Return a sequence's id in the driver's form, as conditions take it."""
        return self._statements.checked_place(sequence_id)[0]

    def close(self) -> None:
        """Close the session's connections."""
        self.session.close()

    def _as_list(self, item_or_items: Item | Iterable[Item]) -> list[Item]:
        # An item is a tuple itself, so only its class distinguishes it from a batch.
        if isinstance(item_or_items, self.sequenced_item_class):
            return [item_or_items]
        items: list[Any] = list(item_or_items)
        for item in items:
            if not isinstance(item, self.sequenced_item_class):
                raise TypeError(f"{item!r} is not a {self.sequenced_item_class.__name__}: append items of that class")
        return items

    def _explaining(self, connection: Any, items: list[Any], metadata: str | None) -> AbstractContextManager[None]:
        """Raise a conflict for an error inside that means one."""
        statements, described = self._described(items, metadata)
        return Transaction(self.session, statements, connection).explaining(described)

    def _described(self, items: list[Any], metadata: str | None) -> tuple[Statements[Any], list[Any]]:
        """Return items with metadata after their other fields, and the statements that write them.

        Items without metadata are described too, because a stored one with metadata is different.

        Raises:
            InvalidData: the table cannot store metadata.
            TypeError: the items have metadata of their own.
        """
        column = self.table.columns.get(METADATA)
        if METADATA in self.field_names.all or column is None or not is_added(column):
            if metadata is None:
                return self._statements, items
            if column is None:
                raise InvalidData(f"the table {self.table.name} cannot store metadata: leave it out")
            raise TypeError(f"{self.sequenced_item_class.__name__} has metadata of its own: give it in the items")
        if self._describing is None:
            described = namedtuple("Described", (*self.field_names.all, METADATA))  # type: ignore[misc]
            self._describing = Statements(self.active_record_class, described, self.session.sql, str(self.session.url))
        statements = self._describing.with_names() if self._has_names else self._describing
        return statements, [statements.item((*item, metadata)) for item in items]

    @contextmanager
    def _naming(self, items: Sequence[Item]) -> Iterator[None]:
        # Items are written all together or not at all, so it is enough to look at the first.
        sequence_id, position = items[0][:2]
        place = f"sequence {sequence_id}" + ("" if position is None else f" at position {position}")
        with advising(f"look at {place} before you append again"):
            yield
