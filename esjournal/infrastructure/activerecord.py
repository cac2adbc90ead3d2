"""What the layers above need of a database: another database would implement this."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

Item = TypeVar("Item", bound=tuple[Any, ...])

# Given instead of a version or an integer position: the next one of the sequence, which the database chooses.
NEXT: Final[Any] = None


def check_at_least(least: int, **given: int | None) -> None:
    """Refuse numbers that are too small, or not whole; None is an argument that was not given.

    Raises:
        ValueError: a number is below the least.
        TypeError: an argument is not an int.
    """
    for name, value in given.items():
        if value is None:
            continue
        if type(value) is not int:
            raise TypeError(f"{name} is {value!r}: give an int")
        if value < least:
            raise ValueError(f"{name} is {value}: give at least {least}")


def check_is_no_text(**given: Iterable[Any]) -> None:
    """Refuse text for several values: each of its characters would be taken for a value.

    Raises:
        TypeError: an argument is text.
    """
    for name, values in given.items():
        if isinstance(values, str | bytes):
            raise TypeError(f"{name} is {values!r}: give a list, also for one")


class AbstractActiveRecordStrategy(ABC, Generic[Item]):
    """Writes sequenced items to a database, and reads them back equal."""

    @abstractmethod
    def append(
        self,
        item_or_items: Item | Iterable[Item],
        *,
        names: Mapping[Any, str] | None = None,
        metadata: str | None = None,
    ) -> Sequence[int]:
        """Write one item or many, all or nothing; when it returns, they are durable.

        Args:
            item_or_items: an item, or an iterable of items. An item whose position is NEXT gets the next position of
                its sequence, if positions are integers.
            names: the names of sequences, by their ids, to be written with the items.
            metadata: the metadata of all these items, a JSON object as text.

        Returns:
            The global positions that the items were given, in the order of the items.

        Raises:
            SequencedItemConflict: the place of an item is taken; none of the items is written.
            InvalidData: a field has a value that cannot be stored; the rules are the same for every database. Or a
                sequence cannot have its name, or the table cannot store names or metadata.
            TypeError: what is given is not of the item class.
        """

    @abstractmethod
    def get_item(self, sequence_id: Any, eq: Any) -> Item | None:
        """Return the item at a position in a sequence, or None.

        Raises:
            InvalidData: the id or the position is one that cannot be stored.
        """

    @abstractmethod
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
        """Return items of one sequence.

        Args:
            sequence_id: which sequence.
            gt: positions above this one.
            gte: positions from this one on.
            lt: positions below this one.
            lte: positions up to this one.
            limit: how many items at most.
            query_ascending: whether a limit counts from the first or from the last item.
            results_ascending: whether the list is in the order of the positions, or reversed.

        Raises:
            ValueError: a limit below 0.
            InvalidData: the id, or a position, is one that cannot be stored.
        """

    @abstractmethod
    def all_items(
        self, *, after: int = 0, sequence_ids: Iterable[Any] = (), topics: Iterable[str] = ()
    ) -> Iterator[Item]:
        """Return all items in global order, streaming, up to the last one there when the reading begins.

        Args:
            after: the global position to begin after.
            sequence_ids: only items of these sequences; all sequences by default.
            topics: only items of these topics; all topics by default.

        Raises:
            ValueError: a global position below 0.
            InvalidData: an id or a topic is one that cannot be stored.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connections to the database; it may be called twice."""
