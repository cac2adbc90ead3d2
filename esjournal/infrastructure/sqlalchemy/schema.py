"""The tables of a journal, and the SQL that makes them."""

from __future__ import annotations

from sqlalchemy import Column, Dialect, MetaData, Table
from sqlalchemy.schema import CreateIndex, CreateTable

from esjournal.infrastructure.sqlalchemy.columntypes import big_integer, sequence_id_as_text, time_as_text
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION

SCHEMA_VERSION = 1
# "ESJL" in ASCII: SQLite keeps it in the file's header, so that any other program's file is told apart.
APPLICATION_ID = 0x45534A4C

_PLACE = "place"
# SQLite's strict tables know no other types.
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
        position: the column of its second field; with the first it identifies a row.
        others: the columns of its further fields; one with a default may be missing from the item, and one with
            `index=True` has an index of its own.

    Returns:
        A table with these columns behind one that holds the global position.
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
    """Return the statements that create a table, written so that a person can read them in the database's shell.

    Args:
        table: one of `record_table`, or the identity table; any other is created as SQLAlchemy does it.
        dialect: the database's.
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
    """Return the names of the two columns that identify a row of `record_table`; none for any other table."""
    names: tuple[str, ...] = table.info.get(_PLACE, ())
    return names


def index_statements(table: Table, dialect: Dialect) -> dict[str, str]:
    """Return the statements that create the indexes of a table, by the names of the indexes.

    On SQLite the unique one of places comes first: a named index, and not a key, so that a bulk load may build it last.

    Args:
        table: one of `record_table`; any other has none.
        dialect: the database's.
    """
    if not place_names(table):
        return {}
    quote = dialect.identifier_preparer
    on_sqlite = dialect.name == "sqlite"
    indexes = {f"{table.name}_place": ("UNIQUE INDEX", place_names(table))} if on_sqlite else {}
    for column in table.columns:
        if column.index:
            # The global position is what is looked for by it; SQLite's indexes have it anyway.
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
