"""Tables of other libraries: how to write them as their own library does."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, MetaData, Table

# What lets SQLite repair a store that a write has left: `init` makes journals, and refuses tables of another library.
OPENING_TO_WRITE = "open it with the library that writes it"

_WRITING = "writing"


@dataclass(frozen=True)
class Writing:
    """How a table is written.

    `begin` are the statements that a writer on PostgreSQL runs at the beginning of its transaction, such as taking a
    lock. `first_position` is the position of the first item of a sequence, if it is to be the next one. If rows are
    written by calling a function, `insert` calls it with the columns of a row, and `insert_next` with the sequence's id
    instead of the position. `last_written` reads the last global position of this transaction, if other transactions
    may have later ones.
    """

    begin: tuple[str, ...] = ()
    first_position: int = 0
    insert: str | None = None
    insert_next: str | None = None
    last_written: str | None = None


def others_table(name: str, *columns: Column, writing: Writing) -> Table:  # type: ignore[type-arg]
    """Return a table of another library, as the `__table__` of a record class.

    Args:
        name: the table's name.
        columns: its columns, with the names of the items' fields as keys. A column with a `server_default` is filled in
            by the database, and never written.
        writing: how it is written.
    """
    return Table(name, MetaData(), *columns, info={_WRITING: writing})


def writing_of(table: Table) -> Writing | None:
    """Return how a table of `others_table` is written; None for any other table."""
    writing: Writing | None = table.info.get(_WRITING)
    return writing
