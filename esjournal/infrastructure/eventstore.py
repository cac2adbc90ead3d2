"""The event store: a mapper and a strategy together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from esjournal.domain.model import rules
from esjournal.domain.model.events import DomainEvent
from esjournal.domain.model.recordedevent import METADATA
from esjournal.domain.model.sequencenames import sequence_id
from esjournal.domain.text import shortened
from esjournal.exceptions import ConcurrencyError, InvalidData, SequencedItemConflict
from esjournal.infrastructure.activerecord import AbstractActiveRecordStrategy, check_at_least
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper

Item = TypeVar("Item", bound=tuple[Any, ...])

# The attribute of an event that has the name of its sequence.
_NAME = "originator_name"


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

    def append(
        self,
        event_or_events: DomainEvent | Iterable[DomainEvent],
        *,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Sequence[int]:
        """Store one event or many, all or nothing; when it returns, they are durable.

        Args:
            event_or_events: an event, or an iterable of events. An event whose version is NEXT gets the next version
                of its sequence. A class of events may have an attribute `originator_name`, such as a property: the
                name of the event's sequence, or None.
            name: the name of the sequence of all these events, whose id is `sequence_id(name)`.
            metadata: what is known about all these events beside their attributes, such as who caused them: values that
                JSON has.

        Returns:
            The global positions that the events were given, in the order of the events.

        Raises:
            ConcurrencyError: the version of an event is taken; none of the events is stored.
            InvalidData: an event does not map to an item, or has an id, a version or a type that cannot be stored, or
                a name that no sequence can have, or that of another sequence. Or the metadata cannot be written as
                JSON.
            OutcomeUnknown: the connection was lost, or the disk failed, during COMMIT; the events may be stored.
            TypeError: an argument is not an event.
        """
        events = [event_or_events] if isinstance(event_or_events, DomainEvent) else list(event_or_events)
        for event in events:
            if not isinstance(event, DomainEvent):
                raise TypeError(f"{event!r} is not a DomainEvent: append events")
        items = [self.sequenced_item_mapper.to_sequenced_item(event) for event in events]
        names: dict[Any, str] = {}
        for event, item in zip(events, items, strict=True):
            given = getattr(event, _NAME, None) if name is None else name
            if given is not None:
                names[item[0]] = _checked_name(given, item[0])
        # A strategy of the application's own need not know of names and metadata.
        options: dict[str, Any] = {"names": names} if names else {}
        if metadata is not None:
            options["metadata"] = _metadata_text(metadata)
        try:
            return self.active_record_strategy.append(items, **options)
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
            originator_id: which sequence, by its id or its name.
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
        originator_id = _id_of(originator_id)
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
        """Return the event at a version of a sequence, given by its id or its name, or None.

        Raises:
            MappingError: the stored event does not map to an event.
        """
        item = self.active_record_strategy.get_item(_id_of(originator_id), eq)
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


def _checked_name(name: Any, originator_id: Any) -> str:
    if not isinstance(name, str):
        raise InvalidData(f"the name {shortened(name)} is {type(name).__name__}, not str")
    if sequence_id(name) != originator_id:
        raise InvalidData(
            f"the name {shortened(name)} belongs to the sequence {sequence_id(name)}, but an event is of "
            f"{originator_id}: give it the originator_id sequence_id({name!r})"
        )
    return name


def _id_of(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return sequence_id(given)
    except InvalidData:
        # Not a name, so it is refused as an id.
        return given


def _metadata_text(metadata: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(dict(metadata), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidData(f"{METADATA} {shortened(metadata)} cannot be written as JSON: {error}") from None
    return rules.json_object(text, METADATA)
