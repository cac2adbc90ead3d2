"""Tables that other libraries made: what has to be known of one to write it as its own library does."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, MetaData, Table

_WRITING = "writing"


@dataclass(frozen=True)
class Writing:
    """How a table is written.

    `begin` is what its writers say on PostgreSQL when their transaction has begun, such as which lock they take;
    `first_position` is that of the first item of a sequence, where the next one is asked for. Where rows are not
    inserted but given to a function, `insert` calls it with the columns of a row, and `insert_next` with the sequence's
    id in the place of the position. `last_written` reads the global position that was given out last in this
    transaction, where others may have been given later ones meanwhile.
    """

    begin: tuple[str, ...] = ()
    first_position: int = 0
    insert: str | None = None
    insert_next: str | None = None
    last_written: str | None = None


def others_table(name: str, *columns: Column, writing: Writing) -> Table:  # type: ignore[type-arg]
    """Return a table that another library made, as the `__table__` of a record class.

    Args:
        name: the table's name.
        columns: its columns, with the names of the items' fields as keys; one with a `server_default` is filled in by
            the database, and never written.
        writing: how it is written.
    """
    return Table(name, MetaData(), *columns, info={_WRITING: writing})


def writing_of(table: Table) -> Writing | None:
    """Return how a table of `others_table` is written; None for one of our own."""
    writing: Writing | None = table.info.get(_WRITING)
    return writing
