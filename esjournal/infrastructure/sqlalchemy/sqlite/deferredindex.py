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

from esjournal.infrastructure.sqlalchemy.databasesql import DatabaseSQL
from esjournal.infrastructure.sqlalchemy.items.statements import ROWS_OF_AN_INSERT, AppendStatements, Row
from esjournal.infrastructure.sqlalchemy.schema import index_statements, place_names

# Replaces the unique index while two rows share a place.
_HELP = "esjournal_twins"


class DeferredIndex:
    """The indexes of a table, above all the unique one of places, while they are postponed.

    Args:
        connection: a connection of sqlite3, inside the transaction.
        table: an empty table of `record_table`.
        sql: SQLite's SQL.
    """

    def __init__(self, connection: sqlite3.Connection, table: Table, sql: DatabaseSQL) -> None:
        quote = sql.dialect.identifier_preparer
        self._connection = connection
        self._table = quote.format_table(table)
        self._place = ", ".join(map(quote.quote, place_names(table)))
        indexes = index_statements(table, sql)
        self._create_unique, *self._create_others = indexes.values()
        # Appending rows needs no cache, and each sorting thread takes as much again.
        connection.execute("PRAGMA cache_size=-2000")
        for name in indexes:
            connection.execute(f"DROP INDEX IF EXISTS {quote.quote(name)}")

    def load(
        self,
        statements: AppendStatements,
        batches: Iterable[list[Row]],
        check_stored: Callable[[int, int], None],
    ) -> int:
        """Write rows at given positions, many with one INSERT because no place is taken; return their number.

        Args:
            statements: the statements that write them.
            batches: the rows.
            check_stored: see `Session.check_stored`.
        """
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
        """Build the indexes; return False if two rows share a place."""
        # Sorting in a second thread saves a third of the time.
        self._connection.execute("PRAGMA threads=2")
        try:
            self._connection.execute(self._create_unique)
        except sqlite3.IntegrityError:
            return False
        self._build_others()
        return True

    def _build_others(self) -> None:
        for create in self._create_others:
            self._connection.execute(create)

    def twins(self, select: str) -> Iterator[tuple[int, Row, Row]]:
        """Yield each row at a place that an earlier row has: the number of rows before it, the row, the earlier row.

        Args:
            select: returns the row at a global position.
        """
        execute = self._connection.execute
        execute(f"CREATE INDEX {_HELP} ON {self._table} ({self._place})")
        execute("CREATE TEMP TABLE twins (rank INTEGER PRIMARY KEY, twin INTEGER UNIQUE, original INTEGER)")
        execute(
            f"INSERT INTO twins (twin, original) SELECT twin, original FROM (SELECT global_position AS twin, "
            f"min(global_position) OVER (PARTITION BY {self._place}) AS original FROM {self._table}) "
            f"WHERE twin > original ORDER BY twin"
        )
        [first] = execute(f"SELECT min(global_position) FROM {self._table}").fetchone()
        for twin, original in execute("SELECT twin, original FROM twins ORDER BY rank"):
            yield twin - first, execute(select, (twin,)).fetchone(), execute(select, (original,)).fetchone()

    def remove_twins(self) -> None:
        """Remove the twins, close the gaps in the global positions, and build the indexes."""
        execute = self._connection.execute
        execute(f"DELETE FROM {self._table} WHERE global_position IN (SELECT twin FROM twins)")
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
        execute("DROP TABLE twins")
        execute(f"DROP INDEX {_HELP}")
        execute(self._create_unique)
        self._build_others()
