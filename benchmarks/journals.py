"""The journals that the bulk benchmarks run on, in files and on a PostgreSQL server."""

from __future__ import annotations

import csv
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import psycopg
from generated import write_events
from measuring import COUNT, copy, esjournal, lines_in, run
from peers import postgres_server

COLUMNS = "global_position, originator_id, originator_version, event_type, state, recorded_at"


class Postgres:
    """A PostgreSQL server with one journal in each schema; `missing` says why there is no server."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.missing = "" if server else "no PostgreSQL server"
        self.made: list[str] = []
        self.prefix = f"bulk_{uuid4().hex[:8]}"

    def schema(self, name: str) -> str:
        """Return a schema's name that nothing else uses on this server."""
        return f"{self.prefix}_{name}"

    def url(self, schema: str) -> str:
        return f"{self.server}{'&' if '?' in self.server else '?'}schema={schema}"

    def execute(self, *statements: str) -> tuple[int, ...]:
        with closing(psycopg.connect(self.server, autocommit=True)) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return tuple(map(int, row or ()))

    def empty(self, schema: str) -> None:
        """Make the journal of a schema, or empty it, and leave the server no work to do later."""
        if schema not in self.made:
            self.made.append(schema)
            run(esjournal(self.url(schema), "init"))
            # It starts at its own times, and would hit one side's run and not the other's.
            self.execute(f"ALTER TABLE {schema}.stored_events SET (autovacuum_enabled = off)")
        self.execute(f"TRUNCATE {schema}.stored_events", "CHECKPOINT")

    def settle(self, schema: str) -> None:
        """Do at once what the server would do for a filled journal in the next minutes."""
        self.execute(f"VACUUM (ANALYZE) {schema}.stored_events", "CHECKPOINT")

    def stored_in(self, schema: str) -> tuple[int, ...]:
        """Return the number of events of a journal and of characters in their states; this reads everything."""
        return self.execute(f"{COUNT} {schema}.stored_events")

    def close(self) -> None:
        """Drop every schema that was made here."""
        for schema in self.made:
            self.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


class Place:
    """The folder for all files, the journals to begin with, and the server."""

    def __init__(self, folder: Path, postgres: Postgres, others_count: int) -> None:
        self.folder = folder
        self.postgres = postgres
        self.others_count = others_count
        self.runs = folder / "runs"
        self.runs.mkdir()

    @cached_property
    def empty(self) -> Path:
        """A SQLite journal without events."""
        run(esjournal(self.folder / "empty.db", "init"))
        return self.folder / "empty.db"

    @cached_property
    def others(self) -> Path:
        """A SQLite journal that holds events of other sequences."""
        return self.imported("others", write_events(self.folder / "others.ndjson", self.others_count, seed=2))

    def imported(self, name: str, ndjson: Path) -> Path:
        """Return a SQLite journal with the events of a file."""
        file = self.folder / f"{name}.db"
        copy(self.empty, file)
        run(esjournal(file, "import", ndjson))
        return file

    def clear(self) -> None:
        """Remove what the runs have written."""
        for file in self.runs.iterdir():
            file.unlink()


class Data:
    """Events to measure with, in every form that a side needs; each form is made when it is first used."""

    def __init__(self, name: str, ndjson: Path, place: Place) -> None:
        self.name, self.ndjson, self.place = name, ndjson, place
        [self.count] = lines_in(ndjson)

    @cached_property
    def journal(self) -> Path:
        """A SQLite journal that holds these events."""
        return self.place.imported(self.name, self.ndjson)

    @cached_property
    def rows(self) -> Path:
        """The rows of the table as CSV, in the order of its columns."""
        return self.rows_behind(0)

    @cached_property
    def rows_behind_others(self) -> Path:
        """The same rows, with positions after those of the other events."""
        return self.rows_behind(self.place.others_count)

    @cached_property
    def schema(self) -> str:
        """The schema of a PostgreSQL journal that holds these events."""
        postgres = self.place.postgres
        schema = postgres.schema(self.name)
        postgres.empty(schema)
        run(esjournal(postgres.url(schema), "import", self.ndjson))
        postgres.settle(schema)
        return schema

    def rows_behind(self, position: int) -> Path:
        """Return a CSV file of the rows, with their positions shifted."""
        file = self.place.folder / f"{self.name}-{position}.csv"
        with closing(sqlite3.connect(self.journal)) as connection, file.open("w", newline="") as stream:
            rows = connection.execute(f"SELECT {COLUMNS} FROM stored_events ORDER BY global_position")
            csv.writer(stream, lineterminator="\n").writerows((row[0] + position, *row[1:]) for row in rows)
        return file


@contextmanager
def open_place(folder: Path | None = None) -> Iterator[Place]:
    """Yield a place without other events, in a new folder below the given one; both are removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="esjournal-", dir=folder) as name, postgres_server(Path(name)) as server:
        place = Place(Path(name), Postgres(server), 0)
        try:
            yield place
        finally:
            place.postgres.close()
