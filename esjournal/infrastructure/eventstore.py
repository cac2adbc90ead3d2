"""The event store: a mapper and a strategy together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from esjournal.domain.model.events import DomainEvent
from esjournal.exceptions import ConcurrencyError, SequencedItemConflict
from esjournal.infrastructure.activerecord import AbstractActiveRecordStrategy, check_at_least
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper

Item = TypeVar("Item", bound=tuple[Any, ...])


class EventStore(Generic[Item]):
    """Stores domain events and reads them back; as a context manager it closes its strategy at the end.

    Args:
        sequenced_item_mapper: maps events to items.
        active_record_strategy: writes the items.
    """

    def __init__(
        self,
        *,
        sequenced_item_mapper: SequencedItemMapper[Item],
        active_record_strategy: AbstractActiveRecordStrategy[Item],
    ) -> None:
        self.sequenced_item_mapper = sequenced_item_mapper
        self.active_record_strategy = active_record_strategy

    def append(self, event_or_events: DomainEvent | Iterable[DomainEvent]) -> Sequence[int]:
        """Store one event or many, all or nothing; when it returns, they are durable.

        Args:
            event_or_events: an event, or an iterable of events. An event whose version is NEXT gets the next version
                of its sequence.

        Returns:
            The global positions that the events were given, in the order of the events.

        Raises:
            ConcurrencyError: the version of an event is taken; none of the events is stored.
            InvalidData: an event does not map to an item, or has an id, a version or a type that cannot be stored.
            OutcomeUnknown: the connection was lost, or the disk failed, during COMMIT; the events may be stored.
            TypeError: an argument is not an event.
        """
        events = [event_or_events] if isinstance(event_or_events, DomainEvent) else list(event_or_events)
        for event in events:
            if not isinstance(event, DomainEvent):
                raise TypeError(f"{event!r} is not a DomainEvent: append events")
        try:
            return self.active_record_strategy.append(
                [self.sequenced_item_mapper.to_sequenced_item(event) for event in events]
            )
        except SequencedItemConflict as conflict:
            raise ConcurrencyError.of(conflict) from conflict

    def get_domain_events(
        self,
        originator_id: Any,
        gt: Any = None,
        gte: Any = None,
        lt: Any = None,
        lte: Any = None,
        limit: int | None = None,
        is_ascending: bool = True,
        page_size: int | None = None,
    ) -> list[DomainEvent]:
        """Return events of one sequence.

        Args:
            originator_id: which sequence.
            gt: versions above this one.
            gte: versions from this one on.
            lt: versions below this one.
            lte: versions up to this one.
            limit: how many events at most.
            is_ascending: whether the first events come first, or the last.
            page_size: how many to read from the database at a time; all at once by default.

        Raises:
            MappingError: a stored event does not map to an event.
            InvalidData: the id, or a version, is one that cannot be stored.
            ValueError: a limit below 0, or a page size below 1.
        """
        check_at_least(0, limit=limit)
        check_at_least(1, page_size=page_size)
        items: list[Item] = []
        while limit is None or len(items) < limit:
            wanted = None if limit is None else limit - len(items)
            size = wanted if page_size is None else min(page_size, wanted or page_size)
            page = self.active_record_strategy.get_items(
                originator_id, gt, gte, lt, lte, size, is_ascending, is_ascending
            )
            items += page
            if size is None or len(page) < size:
                break
            if is_ascending:
                gt, gte = page[-1][1], None
            else:
                lt, lte = page[-1][1], None
        return [self.sequenced_item_mapper.from_sequenced_item(item) for item in items]

    def get_domain_event(self, originator_id: Any, eq: Any) -> DomainEvent | None:
        """Return the event at a version of a sequence, or None.

        Raises:
            MappingError: the stored event does not map to an event.
        """
        item = self.active_record_strategy.get_item(originator_id, eq)
        return None if item is None else self.sequenced_item_mapper.from_sequenced_item(item)

    def get_most_recent_event(self, originator_id: Any, lt: Any = None, lte: Any = None) -> DomainEvent | None:
        """Return the last event of a sequence, or the last one below or up to a version, or None.

        Raises:
            MappingError: the stored event does not map to an event.
        """
        events = self.get_domain_events(originator_id, lt=lt, lte=lte, limit=1, is_ascending=False)
        return next(iter(events), None)

    def all_domain_events(self, *, after: int = 0) -> Iterator[DomainEvent]:
        """Return all events in global order, streaming.

        Args:
            after: the global position to begin after.

        Raises:
            MappingError: a stored event does not map to an event.
            ValueError: a global position below 0.
        """
        return map(self.sequenced_item_mapper.from_sequenced_item, self.active_record_strategy.all_items(after=after))

    def close(self) -> None:
        """Close the connections to the database; it may be called twice."""
        self.active_record_strategy.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
