"""The tables of a journal, and the SQL that creates them."""

from __future__ import annotations

from sqlalchemy import Column, Dialect, MetaData, Table
from sqlalchemy.schema import CreateIndex, CreateTable

from esjournal.infrastructure.sqlalchemy.columntypes import big_integer, sequence_id_as_text, time_as_text
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION

SCHEMA_VERSION = 1
# "ESJL" in ASCII: SQLite stores it in the file's header, which tells a journal from another program's file.
APPLICATION_ID = 0x45534A4C

_PLACE = "place"
# Strict tables of SQLite have no other types.
_STRICT_TYPES = {"INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"}

identity_table = Table(
    "esjournal",
    MetaData(),
    Column("journal_id", sequence_id_as_text(), nullable=False),
    Column("schema_version", big_integer(), nullable=False),
    Column("created_at", time_as_text(), nullable=False),
)


def record_table(name: str, sequence_id: Column, position: Column, *others: Column) -> Table:  # type: ignore[type-arg]
    """Return a table for sequenced items, as the `__table__` of a record class.

    Args:
        name: the table's name.
        sequence_id: the column of the item's first field.
        position: the column of its second field; both together identify a row.
        others: the columns of its further fields. A column with a default may be missing from the item, and one with
            `index=True` gets its own index.

    Returns:
        A table with a column for the global position, followed by these columns.
    """
    return Table(
        name,
        MetaData(),
        Column(GLOBAL_POSITION, big_integer(), nullable=False),
        sequence_id,
        position,
        *others,
        info={_PLACE: (sequence_id.name, position.name)},
    )


def create_statements(table: Table, dialect: Dialect) -> list[str]:
    """Return the statements that create a table, formatted to be read in the database's shell.

    Args:
        table: a table of `record_table`, or the identity table; for any other, the SQL is SQLAlchemy's.
        dialect: the database's dialect.
    """
    if table is not identity_table and not place_names(table):
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements = [CreateTable(table).compile(dialect=dialect)]
        statements += [CreateIndex(index).compile(dialect=dialect) for index in indexes]
        return [str(statement).strip() for statement in statements]
    quote = dialect.identifier_preparer
    name = quote.format_table(table)
    place = ", ".join(map(quote.quote, place_names(table)))
    on_sqlite = dialect.name == "sqlite"
    strict = on_sqlite and {column.type.compile(dialect) for column in table.columns} <= _STRICT_TYPES
    lines = [_column_definition(column, dialect) for column in table.columns]
    if place and not on_sqlite:
        lines.append(f"PRIMARY KEY ({place})")
    body = ",\n".join(f"    {line}" for line in lines)
    statement = f"CREATE TABLE {name} (\n{body}\n)" + (" STRICT" if strict else "")
    return [statement, *index_statements(table, dialect).values()]


def place_names(table: Table) -> tuple[str, ...]:
    """Return the names of the two columns that identify a row; none unless the table is one of `record_table`."""
    names: tuple[str, ...] = table.info.get(_PLACE, ())
    return names


def index_statements(table: Table, dialect: Dialect) -> dict[str, str]:
    """Return the statements that create the indexes of a table, by the names of the indexes.

    On SQLite the first one is the unique index of places. It is a named index and not a key, so that a bulk load can
    build it last.

    Args:
        table: a table of `record_table`; any other has no indexes.
        dialect: the database's dialect.
    """
    if not place_names(table):
        return {}
    quote = dialect.identifier_preparer
    on_sqlite = dialect.name == "sqlite"
    indexes = {f"{table.name}_place": ("UNIQUE INDEX", place_names(table))} if on_sqlite else {}
    for column in table.columns:
        if column.index:
            # Queries by this index want the global position; SQLite's indexes contain it anyway.
            names = (column.name,) if on_sqlite else (column.name, GLOBAL_POSITION)
            indexes[f"{table.name}_{column.name}"] = ("INDEX", names)
    return {
        name: f"CREATE {kind} {quote.quote(name)} ON {quote.format_table(table)} ({', '.join(map(quote.quote, names))})"
        for name, (kind, names) in indexes.items()
    }


def _column_definition(column: Column, dialect: Dialect) -> str:  # type: ignore[type-arg]
    name = dialect.identifier_preparer.quote(column.name)
    if column.name == GLOBAL_POSITION:
        if dialect.name == "sqlite":
            return f"{name} INTEGER PRIMARY KEY AUTOINCREMENT"
        return f"{name} bigint NOT NULL UNIQUE"
    kind = column.type.compile(dialect)
    return f"{name} {kind}" + ("" if column.nullable else " NOT NULL")
