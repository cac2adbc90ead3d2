"""A transaction that writes batch after batch, and survives those that do not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from esjournal.exceptions import SequencedItemConflict
from esjournal.infrastructure.sqlalchemy.session import Session
from esjournal.infrastructure.sqlalchemy.statements import Statements

Item = TypeVar("Item", bound=tuple[Any, ...])
Place = tuple[Any, Any]


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

    def append(self, items: Sequence[Item]) -> range:
        """Write a batch, all or nothing, and keep the transaction open either way.

        Args:
            items: items of the strategy's class.

        Returns:
            The global positions that the items were given.

        Raises:
            SequencedItemConflict: the place of an item is taken; none of the batch is written.
        """
        if not items:
            return range(0)
        rows = self._statements.rows(items)
        try:
            with self._session.savepoint(self._connection):
                last = self._session.load(self._connection, self._statements.appending, rows)
        except Exception as error:
            if self._session.is_unique_violation(error) and (conflict := self.conflict(items)):
                raise conflict from self._session.redacted(error)
            raise
        return range(last - len(items) + 1, last + 1)

    def stored_at(self, items: Sequence[Item]) -> dict[Place, Item]:
        """Return what is stored at the places of items, by sequence id and position."""
        places = [tuple(self._statements.bound_place(*item[:2])) for item in items]
        rows = self._session.rows_at(self._connection, self._statements.item_at(), places)
        return {(item[0], item[1]): item for item in self._statements.items(rows)}

    def same_content(self, one: Item, other: Item) -> bool:
        """Say whether two items are equal in all that a writer decides: not when and where they were recorded."""
        return self._statements.same_content(one, other)

    def last_position(self, sequence_id: Any) -> Any:
        """Return the last position of a sequence, or None where it has no items."""
        row = self._connection.execute(
            self._statements.last_of_sequence(), self._statements.bound_place(sequence_id)
        ).fetchone()
        return self._statements.position(row[0])

    def conflict(self, items: Sequence[Item]) -> SequencedItemConflict | None:
        """Return what stands in the way of the first item that cannot be written, or None."""
        placed = [item for item in items if item[1] is not None]
        stored = self.stored_at(placed)
        seen: dict[Place, Item] = {}
        for item in placed:
            place = (item[0], item[1])
            there = stored.get(place) or seen.get(place)
            if there is not None:
                return SequencedItemConflict(*place, self.last_position(item[0]), self.same_content(item, there))
            seen[place] = item
        return None
