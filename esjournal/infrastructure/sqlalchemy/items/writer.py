"""A transaction that writes batch after batch, and survives a batch that fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby
from typing import Any, Generic, NamedTuple, TypeVar

from esjournal.domain.model.sequencenames import NamedId, any_named, are_new_names, names_of, new_name
from esjournal.exceptions import EventIdTaken, SequencedItemConflict
from esjournal.infrastructure.sqlalchemy.items.statements import Row, Statements
from esjournal.infrastructure.sqlalchemy.session import Names, Session
from esjournal.infrastructure.sqlalchemy.sqlite.deferredindex import DeferredIndex

Item = TypeVar("Item", bound=tuple[Any, ...])
Place = tuple[Any, Any]
Columns = Sequence[Sequence[Any]]
# This many ids take some 30 MB.
_MOST_REMEMBERED = 200_000


class Twin(NamedTuple, Generic[Item]):
    """An item that was removed because an earlier one has its place, or its event id.

    `offset` is the number of items that were written before it, `original` is the earlier one, and `identical` says
    whether they are equal.
    """

    offset: int
    item: Item
    original: Item
    identical: bool


def names_to_write(session: Session, statements: Statements[Any], sequence_ids: Iterable[Any]) -> Names:
    """Return the ids and the names of sequences, none if the table has no names beside it.

    Args:
        session: the session that writes them. A journal that no other process sees may be a copy of another library's
            tables, and takes any name.
        statements: the statements that write them.
        sequence_ids: ids, some of which carry names.

    Raises:
        InvalidData: a sequence of a journal may not have such a name.
    """
    if statements.appending.insert_name is None:
        return ()
    names = names_of(sequence_ids)
    if names and session.is_shared and not are_new_names(names.values()):
        for name in names.values():
            new_name(name)
    return list(names.items())


class Transaction(Generic[Item]):
    """Writes and looks up items on one connection.

    Args:
        session: the session that leased the connection.
        statements: the strategy's statements.
        connection: a driver connection.
    """

    def __init__(self, session: Session, statements: Statements[Item], connection: Any) -> None:
        self._session = session
        self._statements = statements
        self._connection = connection
        self._deferred: DeferredIndex | None = None
        # Sequences whose names were written and stay if the transaction does: most have more than one item.
        self._named: set[str] = set()

    def append(self, items: Sequence[Item]) -> range:
        """Write a batch, all or nothing, and keep the transaction open either way.

        Args:
            items: items of the strategy's class.

        Returns:
            The global positions of the items, in their order.

        Raises:
            SequencedItemConflict: the place of an item is taken; none of the batch is written.
        """
        if not items:
            return range(0)
        rows = self._statements.rows(items)
        with self._session.translating(), self.explaining(items), self._session.savepoint(self._connection):
            self._write_names(item[0] for item in items)
            last = self._session.load(self._connection, self._statements.appending, rows)
        return range(last - len(items) + 1, last + 1)

    def name_sequences(self, sequence_ids: Sequence[Any]) -> None:
        """Write the names that ids carry, unless they are there.

        Args:
            sequence_ids: ids of sequences that have items.
        """
        if not any_named(sequence_ids):
            return
        new = [each for each in sequence_ids if isinstance(each, NamedId) and each not in self._named]
        with self._session.translating():
            self._write_names(new)
        if len(self._named) > _MOST_REMEMBERED:
            self._named.clear()
        self._named.update(map(str, new))

    def _write_names(self, sequence_ids: Iterable[Any]) -> None:
        if names := names_to_write(self._session, self._statements, sequence_ids):
            self._session.write_names(self._connection, self._statements.appending, names)
            self._statements = self._statements.with_names()

    @contextmanager
    def explaining(self, items: Sequence[Item]) -> Iterator[None]:
        """Raise a conflict if the database refuses items because the place of one is taken.

        Args:
            items: what is written inside; when that fails, the connection can still be used.

        Raises:
            SequencedItemConflict: the place of an item is taken.
            EventIdTaken: another item has the event id of an item.
            StoreError: the database assigned a global position that is taken, or there are no more.
        """
        try:
            with self._numbered():
                yield
        except Exception as error:
            if self._session.is_unique_violation(error):
                if (conflict := self._conflict(items) or self._event_id_taken(items)) is not None:
                    raise conflict from self._session.redacted(error)
                self._session.check_sequence(self._statements.table, error)
                # The next position can only be taken if the last one is not a number.
                self.last_positions([item[0] for item in items if item[1] is None])
            raise

    @contextmanager
    def _numbered(self) -> Iterator[None]:
        """Explain an error inside that means that there are no more global positions."""
        try:
            yield
        except Exception as error:
            self._session.check_positions_left(self._connection, self._statements.appending, error)
            raise

    def append_leading(self, batches: Iterable[Columns]) -> int:
        """Write items until one whose place is taken, and keep the transaction open.

        Args:
            batches: items, each with its position, as columns of their fields. The next batch is taken while the
                database writes the ones before.

        Returns:
            The number of items written, counted from the first. If it is smaller than the number taken from `batches`,
            the place of an item is taken: on SQLite that of the next item. On PostgreSQL it may be any, and none was
            written.
        """
        ids: list[Sequence[Any]] = []

        def noted() -> Iterator[Columns]:
            for columns in batches:
                if columns[0]:
                    ids.append(columns[0])
                    yield columns

        written = 0
        with self._session.translating(), self._numbered():
            for plain, some in groupby(noted(), self._statements.is_plain):
                taken, loaded = self._load(some, plain)
                written += loaded
                if loaded < taken:
                    break
        # After the rows, because a COPY keeps the connection busy.
        rest = written
        for of_batch in ids:
            self.name_sequences(of_batch[:rest])
            rest = max(0, rest - len(of_batch))
        return written

    def _load(self, batches: Iterable[Columns], plain: bool) -> tuple[int, int]:
        """Write batches, and return how many items were taken from them, and how many were written."""
        taken = 0

        def rows() -> Iterator[list[Row]]:
            nonlocal taken
            for columns in batches:
                taken += len(columns[0])
                yield self._statements.rows_of_columns(columns, plain=plain)

        statements = self._statements.appending_plainly if plain else self._statements.appending
        if self._deferred is None:
            loaded = self._session.load_leading(self._connection, statements, rows())
        else:
            loaded = self._deferred.load(statements, rows(), self._session.check_stored, plain=plain)
        return taken, loaded

    def indexes_last(self) -> AbstractContextManager[None]:
        """Lock readers of an empty table out, and build its indexes when what is inside is written.

        On SQLite it does nothing: `defer_index` does as much there, and readers go on.

        Raises:
            StoreError: this user may not, or the lock did not become free in time.
            InvalidData: two of the items have the same place, or the same event id.
        """
        return self._session.indexes_last(self._connection, self._statements.table)

    def defer_index(self) -> bool:
        """Postpone the index of places until all items are written, if that is faster; return whether it is.

        Until `build_index`, no place counts as taken.
        """
        with self._session.translating():
            self._deferred = self._session.defer_index(self._connection, self._statements.table)
        return self._deferred is not None

    def build_index(self) -> Iterator[Twin[Item]]:
        """Build the postponed index, and remove every item whose place, or event id, an earlier one has.

        Yields:
            The removed items, in global order.
        """
        with self._session.translating():
            if self._deferred is None or self._deferred.build():
                return
            for offset, *rows in self._deferred.twins(self._statements.item_at_global_position()):
                twin, original = self._statements.items(rows)
                yield Twin(offset, twin, original, self.same_content(twin, original))
            self._deferred.remove_twins(closing_gaps=not self._statements.positions_are_given)

    def repeated(self, columns: Columns, after: int) -> int:
        """Return how many items, counted from the first, are stored after a global position in the same order.

        Args:
            columns: items, as columns of their fields.
            after: a global position.
        """
        count = len(columns[0])
        span = (after, after + count)
        plain = self._is_plain(columns, span)
        with self._session.translating():
            rows = self._connection.execute(self._statements.content_page(plain=plain), span).fetchall()
        stored = self._statements.contents(rows, plain=plain)
        content = self._statements.plain_content(columns) if plain else self._statements.content(columns)
        items = list(zip(*content, strict=True))
        if stored == items:
            return count
        pairs = enumerate(zip(stored, items, strict=False))
        different = (index for index, (one, other) in pairs if not self._statements.equal_contents(one, other))
        return next(different, min(len(stored), count))

    def _is_plain(self, columns: Columns, span: tuple[int, int]) -> bool:
        """Say whether neither items nor those stored in a span have metadata; ids of events need not be read then."""
        statement = self._statements.metadata_between()
        if statement is None or not self._statements.is_plain(columns):
            return False
        with self._session.translating():
            [found] = self._connection.execute(statement, span).fetchone()
        return not found

    def stored_at(self, items: Sequence[Item]) -> dict[Place, Item]:
        """Return the stored items at the places of some items, by sequence id and position."""
        places = [self._statements.bound_place(*item[:2]) for item in items]
        with self._session.translating():
            rows = self._session.rows_at(self._connection, self._statements.items_at(), places) if places else []
        return {(item[0], item[1]): item for item in self._statements.items(rows)}

    def stored_with_event_ids(self, items: Sequence[Item]) -> dict[Any, Item]:
        """Return the stored items that have the event ids of some items, by event id."""
        statement = self._statements.items_with_event_ids()
        wanted = [(event_id,) for event_id in map(self._statements.event_id, items) if event_id is not None]
        if statement is None or not wanted:
            return {}
        with self._session.translating():
            rows = self._session.rows_at(self._connection, statement, wanted)
        return {self._statements.event_id(item): item for item in self._statements.items(rows)}

    def last_positions(self, sequence_ids: Sequence[Any]) -> list[Any]:
        """Return the last position of each sequence, None for one without items."""
        bound = [self._statements.bound_place(sequence_id)[0] for sequence_id in sequence_ids]
        with self._session.translating():
            found = self._session.last_positions(self._connection, self._statements.last_positions(), bound)
        return [self._statements.position(position) for position in found]

    def same_content(self, one: Item, other: Item) -> bool:
        """Say whether two items are equal, apart from `recorded_at` and the global position."""
        return self._statements.same_content(one, other)

    def _conflict(self, items: Sequence[Item]) -> SequencedItemConflict | None:
        # Places are compared in the form that the database stores: an id may be written in more than one way.
        placed = [item for item in self._statements.canonical(items) if item[1] is not None]
        stored = list(self.stored_at(placed).values())
        taken = {self._statements.place(item): item for item in stored}
        for item in placed:
            there = taken.setdefault(self._statements.place(item), item)
            if there is not item:
                return self._conflict_of(item, there)
        # The database may take two places for the same that differ here, as a collation without case does.
        for item in placed if stored else ():
            for there in self.stored_at([item]).values():
                return self._conflict_of(item, there)
        return None

    def _event_id_taken(self, items: Sequence[Item]) -> EventIdTaken | None:
        canonical = self._statements.canonical(items)
        taken = self.stored_with_event_ids(canonical)
        for item in canonical:
            if (event_id := self._statements.event_id(item)) is not None:
                there = taken.setdefault(event_id, item)
                if there is not item:
                    return EventIdTaken(event_id, *there[:2])
        return None

    def _conflict_of(self, item: Item, there: Item) -> SequencedItemConflict:
        last = self.last_positions([item[0]])[0]
        sequence_id = there[0] if isinstance(there[0], NamedId) else item[0]
        # The place may be written in another way, and must not make the items differ.
        there = self._statements.item((*item[:2], *there[2:]))
        return SequencedItemConflict(sequence_id, item[1], last, self.same_content(item, there))
