"""SQLite's indexes, built last when many rows are loaded into an empty table.

Updating the unique index of places row by row costs more than everything else: 336,776 rows of 4,917 sequences take
2.05 seconds with it, and 1.09 if it is built over all rows at the end (medians, two cores). The indexes are dropped and
built in the same transaction, so no other connection ever sees the table without them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice

from sqlalchemy import Table

from esjournal.domain.model.recordedevent import EVENT_ID
from esjournal.infrastructure.sqlalchemy.databasesql import DatabaseSQL
from esjournal.infrastructure.sqlalchemy.items.statements import ROWS_OF_AN_INSERT, AppendStatements, Row
from esjournal.infrastructure.sqlalchemy.schema import index_statements, place_names, statements_of_added_indexes

# Replaces the unique index while two rows share a place.
_HELP = "esjournal_twins"
# In the order of their positions, a row stays unless an earlier one that stays has its place or its event id.
_TEMPORARY = """
    CREATE TEMP TABLE suspects (suspect INTEGER PRIMARY KEY);
    CREATE TEMP TABLE kept (position INTEGER, originator_id, version, event_id, PRIMARY KEY (originator_id, version));
    CREATE UNIQUE INDEX temp.kept_event_id ON kept (event_id) WHERE event_id IS NOT NULL;
    CREATE TEMP TABLE twins (rank INTEGER PRIMARY KEY, twin INTEGER UNIQUE, original INTEGER)
"""


class DeferredIndex:
    """The indexes of a table, above all the unique one of places, while they are postponed.

    Args:
        connection: a connection of sqlite3, inside the transaction.
        table: an empty table of `record_table`.
        sql: SQLite's SQL.
    """

    def __init__(self, connection: sqlite3.Connection, table: Table, sql: DatabaseSQL) -> None:
        quote = sql.dialect.identifier_preparer
        self._quote = quote.quote
        self._connection = connection
        self._table = quote.format_table(table)
        self._place = ", ".join(map(quote.quote, place_names(table)))
        self._event_id = quote.quote(EVENT_ID) if EVENT_ID in table.columns else None
        # An index of the rows that have a value costs nothing until there is such a row, and is not postponed before.
        self._of_values = statements_of_added_indexes(table, sql)
        self._indexes = {
            name: create for name, create in index_statements(table, sql).items() if name not in self._of_values
        }
        # Appending rows needs no cache, and each sorting thread takes as much again.
        connection.execute("PRAGMA cache_size=-2000")
        self._drop()

    def load(
        self,
        statements: AppendStatements,
        batches: Iterable[list[Row]],
        check_stored: Callable[[int, int], None],
        *,
        plain: bool,
    ) -> int:
        """Write rows at given positions, many with one INSERT because no place is taken; return their number.

        Args:
            statements: the statements that write them.
            batches: the rows.
            check_stored: see `Session.check_stored`.
            plain: whether the rows have no values in the columns that tables have since a later schema version.
        """
        if not plain and self._of_values:
            self._indexes |= self._of_values
            self._of_values = {}
            self._drop()
        written = 0
        with closing(self._connection.cursor()) as many, closing(self._connection.cursor()) as one:
            for rows in batches:
                values = iter(chain.from_iterable(rows))
                together = len(rows) // ROWS_OF_AN_INSERT
                width = ROWS_OF_AN_INSERT * len(rows[0])
                many.executemany(statements.insert_many, [tuple(islice(values, width)) for _ in range(together)])
                one.executemany(statements.insert, rows[together * ROWS_OF_AN_INSERT :])
                check_stored(many.rowcount + one.rowcount, len(rows))
                written += len(rows)
        return written

    def build(self) -> bool:
        """Build the indexes; return False if two rows share a place or an event id."""
        # Sorting in a second thread saves a third of the time.
        self._connection.execute("PRAGMA threads=2")
        try:
            for create in self._indexes.values():
                self._connection.execute(create)
        except sqlite3.IntegrityError:
            self._drop()
            return False
        return True

    def _drop(self) -> None:
        for name in self._indexes:
            self._connection.execute(f"DROP INDEX IF EXISTS {self._quote(name)}")

    def twins(self, select: str) -> Iterator[tuple[int, Row, Row]]:
        """Yield each row whose place or event id an earlier row has: the number of rows before it, and both rows.

        Args:
            select: returns the row at a global position.
        """
        execute = self._connection.execute
        execute(f"CREATE INDEX {_HELP} ON {self._table} ({self._place})")
        for create in _TEMPORARY.split(";"):
            execute(create)
        shared = f"SELECT {self._place} FROM {self._table} GROUP BY {self._place} HAVING count(*) > 1"
        execute(f"INSERT INTO suspects SELECT global_position FROM {self._table} WHERE ({self._place}) IN ({shared})")
        if self._event_id is not None and not self._of_values:
            known = f"SELECT {self._event_id} FROM {self._table} WHERE {self._event_id} IS NOT NULL"
            execute(
                f"INSERT OR IGNORE INTO suspects SELECT global_position FROM {self._table} "
                f"WHERE {self._event_id} IN ({known} GROUP BY 1 HAVING count(*) > 1)"
            )
        keys = f"{self._place}, {self._event_id or 'NULL'}"
        suspects = f"SELECT global_position, {keys} FROM suspects JOIN {self._table} ON global_position = suspect"
        for row in execute(f"{suspects} ORDER BY suspect"):
            position, *key = row
            taken = execute(
                "SELECT min(position) FROM (SELECT position FROM kept WHERE originator_id = ? AND version = ? "
                "UNION ALL SELECT position FROM kept WHERE event_id = ?)",
                key,
            ).fetchone()
            if taken == (None,):
                execute("INSERT INTO kept VALUES (?, ?, ?, ?)", row)
            else:
                execute("INSERT INTO twins (twin, original) VALUES (?, ?)", (position, *taken))
        before = counted_up_to = 0
        count = f"SELECT count(*) FROM {self._table} WHERE global_position >= ? AND global_position < ?"
        for twin, original in execute("SELECT twin, original FROM twins ORDER BY rank"):
            # Positions that were given have gaps.
            before += execute(count, (counted_up_to, twin)).fetchone()[0]
            counted_up_to = twin
            yield before, execute(select, (twin,)).fetchone(), execute(select, (original,)).fetchone()

    def remove_twins(self, *, closing_gaps: bool) -> None:
        """Remove the twins, and build the indexes.

        Args:
            closing_gaps: whether the events after them take their global positions.
        """
        execute = self._connection.execute
        execute(f"DELETE FROM {self._table} WHERE global_position IN (SELECT twin FROM twins)")
        if closing_gaps:
            # After the n-th twin, positions are too high by n.
            execute(
                f"UPDATE {self._table} SET global_position = global_position - "
                f"(SELECT rank FROM twins WHERE twin < global_position ORDER BY twin DESC LIMIT 1) "
                f"WHERE global_position > (SELECT min(twin) FROM twins)"
            )
        execute(
            f"UPDATE sqlite_sequence SET seq = (SELECT max(global_position) FROM {self._table}) WHERE name = ?",
            (self._table,),
        )
        for table in ("suspects", "kept", "twins"):
            execute(f"DROP TABLE temp.{table}")
        execute(f"DROP INDEX {_HELP}")
        for create in self._indexes.values():
            execute(create)
