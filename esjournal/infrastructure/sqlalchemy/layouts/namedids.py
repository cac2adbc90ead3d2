"""Ids and names of sequences, for tables that store names: an id is derived from a name, and found by it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from esjournal.domain.model.sequencenames import id_of_name, likeness, name_of_id
from esjournal.infrastructure.sqlalchemy.items.columnrules import IDS_AS_TEXT
from esjournal.infrastructure.sqlalchemy.session import Session


class NamedIds:
    """The names of a store's sequences, by the ids derived from them.

    All names are read the first time that an id comes without its name, because no index finds a name by its UUID. They
    take about 200 bytes each.

    Args:
        session: the session on the store.
        table: the table's name in SQL.
        column: the name of the column with the names.
    """

    def __init__(self, session: Session, table: str, column: str) -> None:
        self._session = session
        self._select = f"SELECT DISTINCT {column} FROM {table}"
        self._names: dict[str, str] | None = None
        self._by_likeness: dict[str, str] | None = None

    def name(self, originator_id: str) -> str:
        """Return the name of a sequence: the one its id was derived from, or the id itself if there is none."""
        return name_of_id(originator_id) or self._known().get(originator_id, originator_id)

    def all(self) -> Iterable[str]:
        """Return all ids."""
        return self._known()

    def mistaken_for(self, name: str) -> str | None:
        """Return the name of an existing sequence that could be mistaken for a new one of this name, if any.

        Args:
            name: a name, or an id; if a sequence has it, the result is None.
        """
        known = self._known()
        if id_of_name(name) in known:
            return None
        if self._by_likeness is None:
            pairs = ((likeness(each), each) for each in known.values())
            self._by_likeness = {alike: each for alike, each in pairs if alike != each}
        wanted = likeness(name)
        # A name that equals its likeness is found by its id, and so is a UUID in another form.
        return known.get(id_of_name(wanted)) or self._by_likeness.get(wanted)

    def _known(self) -> dict[str, str]:
        if self._names is None:
            self._names = {}
            for rows in self._session.rows_streamed(self._select, ()):
                self._names.update((id_of_name(name), name) for (name,) in rows if isinstance(name, str))
        return self._names


class NameInText(TypeDecorator[str]):
    """A sequence's id in Python, its name in the database."""

    impl = Text
    cache_ok = False
    rule = IDS_AS_TEXT

    def __init__(self, named_ids: NamedIds) -> None:
        super().__init__()
        self._named_ids = named_ids

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else self._named_ids.name(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return id_of_name(value) if isinstance(value, str) else None
