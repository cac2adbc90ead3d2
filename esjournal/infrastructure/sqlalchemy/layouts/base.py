"""What a layout is: how tables of another library are told, read as events, and written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

from esjournal.domain.choices import LayoutName
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name, name_of_id
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData, InvalidURL
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy
from esjournal.infrastructure.sqlalchemy.items.conditions import EVERYTHING, Conditions
from esjournal.infrastructure.sqlalchemy.items.writer import Transaction
from esjournal.infrastructure.sqlalchemy.layouts.namedids import NamedIds
from esjournal.infrastructure.sqlalchemy.session import Session


class FoundTable(NamedTuple):
    """A table that is there: its schema on PostgreSQL, its name, and the types of its columns, in lower case."""

    schema: str | None
    name: str
    columns: dict[str, str]


class Layout(ABC):
    """The tables of one library.

    `name` is what it is chosen by, `library` whose tables they are; `table` is the name that the table with the events
    has where nobody says otherwise, and `schema` the schema that it is in, where that is always the same.
    `has_opaque_states` says whether states may be compressed or encrypted, and so no JSON. `is_written` says whether
    events can be appended. Then `rewrites_states` says whether their JSON is spelt anew, and `contiguous` whether no
    version of a sequence may be missing, of which the first is one of `first_versions`.
    """

    name: ClassVar[LayoutName]
    library: ClassVar[str]
    table: ClassVar[str] = "stored_events"
    schema: ClassVar[str | None] = None
    is_written: ClassVar[bool] = True
    rewrites_states: ClassVar[bool] = False
    contiguous: ClassVar[bool] = False
    first_versions: ClassVar[tuple[int, ...]] = (0, 1)
    has_opaque_states: ClassVar[bool] = True

    @abstractmethod
    def has(self, table: FoundTable) -> bool:
        """Say whether a table is one of this layout with events in it."""

    @abstractmethod
    def strategy(self, session: Session, table: FoundTable) -> LayoutStrategy:
        """Return what reads and writes the events of a table of this layout."""

    def left_out(self, session: Session, table: str, after: int, until: int) -> str | None:
        """Say what of events between two global positions has no place in a journal, or return None."""
        return None

    def misfit(self, event: RecordedEvent) -> str | None:
        """Say why an event has no place in this layout, or return None."""
        return None


class LayoutStrategy(SQLAlchemyActiveRecordStrategy[RecordedEvent]):
    """Writes events to a table of another library, and reads them back.

    Args:
        session: the store's.
        layout: the table's.
        active_record_class: the table's records.
        named_ids: what finds the name that an id was made of, where the table has names.
    """

    def __init__(
        self, session: Session, layout: Layout, active_record_class: type[Any], named_ids: NamedIds | None = None
    ) -> None:
        super().__init__(session=session, active_record_class=active_record_class, sequenced_item_class=RecordedEvent)
        self.layout = layout
        self._named_ids = named_ids

    @property
    def has_names(self) -> bool:
        """Whether sequences have names, of which their ids are made."""
        return self._named_ids is not None

    def append(self, item_or_items: RecordedEvent | Iterable[RecordedEvent]) -> Sequence[int]:
        """Write one event or many, all or nothing; see the base class.

        Raises:
            InvalidURL: the layout is only read.
            InvalidData: an id would become the name of a new sequence, and differs only in spelling from one that is
                there.
        """
        self._check_is_written()
        events = self._as_list(item_or_items)
        for originator_id in {event.originator_id for event in events}:
            if (reason := self.misnaming(originator_id)) is not None:
                raise InvalidData(reason)
        return self._append_all(events)

    def _append_all(self, events: list[RecordedEvent]) -> Sequence[int]:
        return super().append(events)

    @contextmanager
    def transaction(self) -> Iterator[Transaction[RecordedEvent]]:
        """Write many batches in one transaction; see the base class.

        Raises:
            InvalidURL: the layout is only read.
        """
        self._check_is_written()
        with super().transaction() as transaction:
            yield transaction

    def pages(self, *, conditions: Conditions = EVERYTHING, **options: Any) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Return all events, a page at a time; see the base class. What is in their states, the program looks at."""
        # Ahead, pages are so many positions each, and there may be more gaps than events.
        options["ahead"] = False
        return super().pages(conditions=replace(conditions, comparisons=()), **options)

    def positions_between(self, since: str | None, until: str | None) -> tuple[int, int] | None:
        """Return the first and the last global position: no index says when events were recorded."""
        last = self.last_global_position()
        return (1, last) if last else None

    def settled_position(self) -> int:
        """Return the last global position before which nothing can appear any more, whoever writes now."""
        last = self.last_global_position()
        self.session.wait_for_writers(self.table)
        return last

    def ids_between(self, first: str, last: str, limit: int) -> list[str]:
        """Return the first few ids of sequences that lie between two; see the base class."""
        if self._named_ids is None:
            return super().ids_between(first, last, limit)
        return sorted(found for found in self._named_ids.all() if first <= found <= last)[:limit]

    def mistaken_for(self, name: str) -> str | None:
        """Return the name of a sequence that a new one of this name could be mistaken for; see the base class."""
        return None if self._named_ids is None else self._named_ids.mistaken_for(name)

    def misfit(self, event: RecordedEvent) -> str | None:
        """Say why an event has no place in the table, or return None."""
        return self.layout.misfit(event) or self.misnaming(event.originator_id)

    def misnaming(self, originator_id: str) -> str | None:
        """Say why an id cannot be that of a new sequence, or return None.

        An id that comes without a name becomes the name where sequences have names. Which name was meant is not known
        if one that is there differs only in spelling. A name that comes with its id is taken as it is.
        """
        if name_of_id(originator_id) is not None or (found := self.mistaken_for(originator_id)) is None:
            return None
        return (
            f"no sequence is named {originator_id}, and one is named {shortened(found)}: write the id of that one, "
            f"{id_of_name(found)}, or another id for a new one"
        )

    def _check_is_written(self) -> None:
        if not self.layout.is_written:
            raise InvalidURL(
                f"{self.session.url} has the layout {self.layout.name}, which is only read: "
                f"copy it to a journal with `esjournal copy`, and write there"
            )
