"""The tables of a journal, and the SQL that creates them."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.schema import CreateIndex, CreateTable

from esjournal.infrastructure.sqlalchemy.columntypes import big_integer, sequence_id_as_text, time_as_text
from esjournal.infrastructure.sqlalchemy.databasesql import DatabaseSQL
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION

SCHEMA_VERSION = 2

_PLACE = "place"

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
        others: the columns of its further fields. A column with a default may be missing from the item, one with
            `index=True` gets its own index, and one with `unique=True` an index of the values that are not NULL.

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


def create_statements(table: Table, sql: DatabaseSQL) -> list[str]:
    """Return the statements that create a table, formatted to be read in the database's shell.

    Args:
        table: a table of `record_table`, or the identity table; for any other, the SQL is SQLAlchemy's.
        sql: the database's SQL.
    """
    if table is not identity_table and not place_names(table):
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements = [CreateTable(table).compile(dialect=sql.dialect)]
        statements += [CreateIndex(index).compile(dialect=sql.dialect) for index in indexes]
        return [str(statement).strip() for statement in statements]
    quote = sql.dialect.identifier_preparer
    name = quote.format_table(table)
    place = ", ".join(map(quote.quote, place_names(table)))
    lines = [_column_definition(column, sql) for column in table.columns]
    if place and sql.has_key_of_places:
        lines.append(f"PRIMARY KEY ({place})")
    body = ",\n".join(f"    {line}" for line in lines)
    statement = f"CREATE TABLE {name} (\n{body}\n){sql.table_options(table)}"
    return [statement, *index_statements(table, sql).values()]


def place_names(table: Table) -> tuple[str, ...]:
    """Return the names of the two columns that identify a row; none unless the table is one of `record_table`."""
    names: tuple[str, ...] = table.info.get(_PLACE, ())
    return names


def index_statements(table: Table, sql: DatabaseSQL) -> dict[str, str]:
    """Return the statements that create the indexes of a table, by the names of the indexes.

    The first one is the unique index of places, unless they are the table's key.

    Args:
        table: a table of `record_table`; any other has no indexes.
        sql: the database's SQL.
    """
    if not place_names(table):
        return {}
    quote = sql.dialect.identifier_preparer
    indexes = {} if sql.has_key_of_places else {f"{table.name}_place": ("UNIQUE INDEX", place_names(table))}
    for column in table.columns:
        if column.index:
            indexes[f"{table.name}_{column.name}"] = ("INDEX", (column.name, *sql.also_indexed))
    statements = {
        name: f"CREATE {kind} {quote.quote(name)} ON {quote.format_table(table)} ({', '.join(map(quote.quote, names))})"
        for name, (kind, names) in indexes.items()
    }
    for column in table.columns:
        if column.unique:
            # Without the condition, rows that have no such value would pay for the index.
            name, quoted = f"{table.name}_{column.name}", quote.quote(column.name)
            statements[name] = (
                f"CREATE UNIQUE INDEX {quote.quote(name)} ON {quote.format_table(table)} ({quoted}) "
                f"WHERE {quoted} IS NOT NULL"
            )
    return statements


def _column_definition(column: Column, sql: DatabaseSQL) -> str:  # type: ignore[type-arg]
    name = sql.dialect.identifier_preparer.quote(column.name)
    if column.name == GLOBAL_POSITION:
        return f"{name} {sql.position_definition}"
    kind = column.type.compile(sql.dialect)
    return f"{name} {kind}" + ("" if column.nullable else " NOT NULL")
