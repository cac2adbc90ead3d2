"""Base classes of layouts: how tables of another library are recognised, read as events, and written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

from esjournal.domain.choices import LayoutName
from esjournal.domain.model.recordedevent import EventRow, RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name, name_of_id
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData, InvalidURL
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy
from esjournal.infrastructure.sqlalchemy.items.conditions import EVERYTHING, Conditions
from esjournal.infrastructure.sqlalchemy.items.writer import Transaction
from esjournal.infrastructure.sqlalchemy.layouts.namedids import NamedIds
from esjournal.infrastructure.sqlalchemy.session import Session


class FoundTable(NamedTuple):
    """An existing table: its schema on PostgreSQL, its name, and the types of its columns in lower case."""

    schema: str | None
    name: str
    columns: dict[str, str]


class Layout(ABC):
    """The tables of one library.

    `name` is the layout's name in options and URLs, and `library` names the library. `table` is the default name of the
    table with the events, and `schema` its schema if that is fixed. `has_opaque_states` says whether states may be
    compressed or encrypted, and so not JSON. `is_written` says whether events can be appended. If they can,
    `rewrites_states` says whether the database changes the text of their JSON, and `contiguous` whether a sequence may
    not skip a version. `first_versions` are the allowed first versions of a sequence.
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
        """Say whether a table is an event table of this layout."""

    @abstractmethod
    def strategy(self, session: Session, table: FoundTable) -> LayoutStrategy:
        """Return the strategy for a table of this layout."""

    def misfit(self, event: RecordedEvent) -> str | None:
        """Return why an event does not fit this layout, None if it fits."""
        return None


class LayoutStrategy(SQLAlchemyActiveRecordStrategy[RecordedEvent]):
    """Writes events to a table of another library, and reads them back.

    Args:
        session: the session on the store.
        layout: the layout of the table.
        active_record_class: the record class of the table.
        named_ids: finds the name of an id, if the table has names.
    """

    def __init__(
        self, session: Session, layout: Layout, active_record_class: type[Any], named_ids: NamedIds | None = None
    ) -> None:
        super().__init__(session=session, active_record_class=active_record_class, sequenced_item_class=RecordedEvent)
        self.layout = layout
        self._named_ids = named_ids

        self._has_names = named_ids is not None

    def look_for_names(self) -> None:
        """Do nothing: the layout says whether sequences have names."""

    def append(
        self,
        item_or_items: RecordedEvent | Iterable[RecordedEvent],
        *,
        names: Mapping[Any, str] | None = None,
        metadata: str | None = None,
    ) -> Sequence[int]:
        """Write one event or many, all or nothing; see the base class. The events themselves have names and metadata.

        Raises:
            InvalidURL: the layout is only read.
            InvalidData: an event does not fit the layout, or an id would become the name of a new sequence, and could
                be mistaken for an existing name.
        """
        self._check_is_written()
        events = self._as_list(item_or_items)
        for event in events:
            if (reason := self.misfit(event)) is not None:
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

    def pages(self, *, conditions: Conditions = EVERYTHING, **options: Any) -> Iterator[Sequence[EventRow]]:
        """Return all events in pages; see the base class. Conditions on fields are left to the caller."""
        # Reading ahead takes a fixed number of positions for each page, and there may be more gaps than events.
        options["ahead"] = False
        return super().pages(conditions=replace(conditions, field_conditions=()), **options)

    def pages_in_one_statement(
        self, *, after: int, until: int, conditions: Conditions = EVERYTHING
    ) -> Generator[Sequence[EventRow], None, None]:
        """Return the pages of all events from one statement; see the base class, and `pages` for the conditions."""
        conditions = replace(conditions, field_conditions=())
        return super().pages_in_one_statement(after=after, until=until, conditions=conditions)

    def positions_between(self, since: str | None, until: str | None) -> tuple[int, int] | None:
        """Return the first and the last global position: there is no index by recording time."""
        last = self.last_global_position()
        return (1, last) if last else None

    def settled_position(self) -> int:
        """Return the global position up to which no more events can appear; see the base class."""
        last = super().settled_position()
        self.session.wait_for_writers(self.table)
        return last

    def ids_between(self, first: str, last: str, limit: int) -> list[str]:
        """Return the first ids of sequences between two ids; see the base class."""
        if self._named_ids is None:
            return super().ids_between(first, last, limit)
        return sorted(found for found in self._named_ids.all() if first <= found <= last)[:limit]

    def ids_ending(self, end: str, first: str, last: str) -> Generator[str, None, None]:
        """Yield all ids of sequences between two ids: what is stored may end in another way."""
        if self._named_ids is None:
            yield from super().ids_ending("", first, last)
        else:
            yield from (found for found in self._named_ids.all() if first <= found <= last)

    def mistaken_for(self, name: str) -> str | None:
        """Return the name of a sequence that could be mistaken for this one; see the base class."""
        return None if self._named_ids is None else self._named_ids.mistaken_for(name)

    def misfit(self, event: RecordedEvent) -> str | None:
        """Return why an event does not fit the table, None if it fits."""
        return self.layout.misfit(event) or self.misnaming(event.originator_id)

    def misnaming(self, originator_id: str) -> str | None:
        """Return why an id cannot be that of a new sequence, None if it can.

        If sequences have names, an id without a name becomes the name. It is refused if it could be mistaken for the
        name of an existing sequence. An id that carries its name is always accepted.
        """
        if name_of_id(originator_id) is not None or (found := self.mistaken_for(originator_id)) is None:
            return None
        return (
            f"no sequence is named {originator_id}, but one is named {shortened(found)}: write the id of that one, "
            f"{id_of_name(found)}, or another id for a new one"
        )

    def _check_is_written(self) -> None:
        if not self.layout.is_written:
            raise InvalidURL(
                f"{self.session.url} has the layout {self.layout.name}, which is only read: "
                f"copy it to a journal with `esjournal copy`, and write there"
            )
