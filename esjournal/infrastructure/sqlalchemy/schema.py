"""The tables of a journal, and the SQL that creates them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import TypeEngine

from esjournal.infrastructure.sqlalchemy.columntypes import big_integer, sequence_id_as_text, time_as_text
from esjournal.infrastructure.sqlalchemy.databasesql import DatabaseSQL
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION, SINCE, is_added

SCHEMA_VERSION = 2

_PLACE = "place"

identity_table = Table(
    "esjournal",
    MetaData(),
    Column("journal_id", sequence_id_as_text(), nullable=False),
    Column("schema_version", big_integer(), nullable=False),
    Column("created_at", time_as_text(), nullable=False),
)

# The sequences that have names. Most journals have none, and read this table only to find that out.
names_table = Table(
    "sequence_names",
    MetaData(),
    Column("originator_id", sequence_id_as_text(), primary_key=True, info={SINCE: 2}),
    Column("name", Text(), nullable=False, unique=True, info={SINCE: 2}),
)

# The journals that a journal continues. The table is made when the first is noted, so most journals lack it, and a
# program that does not know it reads and writes the same journal. A row counts only for the journal that noted it.
continued_table = Table(
    "continued_journals",
    MetaData(),
    Column("noted_by", Text(), nullable=False),
    Column("journal_id", Text(), nullable=False),
    Column("position_there", big_integer(), nullable=False),
    Column("position_here", big_integer(), nullable=False),
)


def record_table(name: str, sequence_id: Column, position: Column, *others: Column) -> Table:  # type: ignore[type-arg]
    """Return a table for sequenced items, as the `__table__` of a record class.

    Args:
        name: the table's name.
        sequence_id: the column of the item's first field.
        position: the column of its second field; both together identify a row.
        others: the columns of its further fields. A column with a default may be missing from the item, one with
            `index=True` gets its own index, and one of `added_column` an index of the rows that have a value.

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


def added_column(version: int, name: str, kind: TypeEngine[Any], *, unique: bool = False) -> Column[Any]:
    """Return a column that tables have since a schema version; a row need not have a value in it.

    Args:
        version: the schema version.
        name: the column's name.
        kind: its type.
        unique: whether no two rows may have the same value.

    Returns:
        The column. Rows with a value in it have an index, of the values if they are unique, else of global positions.
    """
    return Column(name, kind, unique=unique, info={SINCE: version})


def columns_of_version(table: Table, version: int) -> list[Column[Any]]:
    """Return the columns that a table of a journal has in a schema version."""
    return [column for column in table.columns if column.info.get(SINCE, 1) <= version]


def create_statements(table: Table, sql: DatabaseSQL) -> list[str]:
    """Return the statements that create a table, formatted to be read in the database's shell.

    Args:
        table: a table of `record_table`, the identity table, that of names, or that of continued journals; for any
            other, the SQL is SQLAlchemy's.
        sql: the database's SQL.
    """
    if table not in (identity_table, names_table, continued_table) and not place_names(table):
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements = [CreateTable(table).compile(dialect=sql.dialect)]
        statements += [CreateIndex(index).compile(dialect=sql.dialect) for index in indexes]
        return [str(statement).strip() for statement in statements]
    quote = sql.dialect.identifier_preparer
    name = quote.format_table(table)
    place = ", ".join(map(quote.quote, place_names(table)))
    lines = [column_definition(column, sql) for column in table.columns]
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
    return statements | statements_of_added_indexes(table, sql)


def statements_of_added_indexes(table: Table, sql: DatabaseSQL) -> dict[str, str]:
    """Return those statements that create the indexes of the rows that have a value in a column of `added_column`."""
    quote = sql.dialect.identifier_preparer
    statements = {}
    for column in filter(is_added, table.columns):
        # Without the condition, rows that have no such value would pay for the index.
        name, quoted = f"{table.name}_{column.name}", quote.quote(column.name)
        kind, indexed = ("UNIQUE INDEX", quoted) if column.unique else ("INDEX", quote.quote(GLOBAL_POSITION))
        statements[name] = (
            f"CREATE {kind} {quote.quote(name)} ON {quote.format_table(table)} ({indexed}) WHERE {quoted} IS NOT NULL"
        )
    return statements


def column_definition(column: Column[Any], sql: DatabaseSQL) -> str:
    """Return the definition of a column of a journal's table, for the statements that create or add it."""
    name = sql.dialect.identifier_preparer.quote(column.name)
    if column.name == GLOBAL_POSITION:
        return f"{name} {sql.position_definition}"
    kind = column.type.compile(sql.dialect)
    # Citus moves a schema only if each of its tables has a key.
    is_key_of_identity = sql.has_key_of_places and column is identity_table.columns["journal_id"]
    if column.primary_key or is_key_of_identity:
        return f"{name} {kind} NOT NULL PRIMARY KEY"
    # Columns of records have named indexes instead.
    is_unique = column.unique and column.table is names_table
    return f"{name} {kind}" + ("" if column.nullable else " NOT NULL") + (" UNIQUE" if is_unique else "")
