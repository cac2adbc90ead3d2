"""A query in SQL, answered by DuckDB, which can neither open a file nor load an extension.

What it may use is fixed before the query is looked at: no access to files, no extensions but those inside the library,
a limit of memory, and one temporary folder, to which DuckDB writes what does not fit into memory.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from esjournal.exceptions import EsjournalError, InvalidData, InvalidQuery, StoreError
from esjournal.interchange.sqlvalues import check_kind

try:
    import duckdb
    import pyarrow as pa
except ImportError as error:
    raise ImportError(f"SQL needs duckdb and pyarrow ({error}): pip install 'esjournal[sql]'") from error
# Before, a second reading of the events was refused by DuckDB, and plans did not say which columns are read.
if int(duckdb.__version__.partition(".")[0]) < 2:
    raise ImportError(f"SQL needs duckdb 2.0 or later, and {duckdb.__version__} is here: pip install 'esjournal[sql]'")

# What DuckDB keeps in memory; it writes the rest to its temporary folder.
MEMORY = "512MiB"
ROWS_AT_A_TIME = 1_000
_BATCHES_WAITING = 4

_SETTINGS: dict[str, Any] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
    # Otherwise the names of this program's variables would be tables.
    "python_enable_replacements": False,
    "memory_limit": MEMORY,
}
# How DuckDB's messages begin if something is wrong with the data that a query reads, and with the machine; the rest is
# wrong with the query. Their classes do not say it: once rows come, Arrow raises each of them as an OSError.
_OF_DATA = ("Conversion Error", "Out of Range Error", "Invalid Input Error")
_OF_MACHINE = ("Out of Memory Error", "IO Error", "FATAL Error", "INTERNAL Error")
_END = object()


class Table:
    """A table that DuckDB reads as often as a query names it.

    Args:
        schema: its columns, an Arrow schema.
        batches: begins to read it; is called again for each time that the query reads it.
    """

    def __init__(self, schema: Any, batches: Callable[[], Iterator[Any]]) -> None:
        self._schema = schema
        self._batches = batches
        self.failure: BaseException | None = None

    def __arrow_c_schema__(self) -> Any:
        return self._schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        reader = pa.RecordBatchReader.from_batches(self._schema, self._noting_failure())
        return reader.__arrow_c_stream__(requested_schema)

    def _noting_failure(self) -> Iterator[Any]:
        # DuckDB passes on only the text of an error.
        try:
            yield from self._batches()
        except Exception as error:
            self.failure = error
            raise


@dataclass(frozen=True)
class Scans:
    """How often a query reads a table, and the columns that it needs of it, None for all."""

    count: int
    columns: frozenset[str] | None


@dataclass(frozen=True)
class Answer:
    """The answer to a query.

    `names` and `kinds` are the names and the DuckDB types of its columns, `schema` is their Arrow schema, and `batches`
    are its rows as Arrow batches.
    """

    names: list[str]
    kinds: list[Any]
    schema: Any
    batches: Iterator[Any]


def scans_of(sql: str, name: str, schema: Any, views: Mapping[str, str]) -> Scans:
    """Return how a query reads a table, without running it.

    Args:
        sql: the query.
        name: the name of the table.
        schema: its columns, an Arrow schema.
        views: the statements of other tables that the query may name, by name.

    Raises:
        InvalidQuery: it is not one SELECT, or names something that is not there.
    """
    # With no thread of its own: the caller goes on to fork.
    with _connection(None, {name: Table(schema, lambda: iter(()))}, views, threads=1) as connection:
        _check(connection, sql)
        with _explaining():
            [(_, plan), *_] = connection.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
    found = [node["extra_info"].get("Projections") for node in _nodes(json.loads(plan)) if "ARROW_SCAN" in node["name"]]
    needed = [[columns] if isinstance(columns, str) else columns for columns in found]
    if any(columns is None or not set(columns) <= set(schema.names) for columns in needed):
        return Scans(len(found), None)
    return Scans(len(found), frozenset(column for columns in needed for column in columns))


@contextmanager
def answering(sql: str, folder: str, tables: Mapping[str, Table], views: Mapping[str, str]) -> Iterator[Answer]:
    """Run a query, and yield its answer, whose rows come as they are found.

    A thread runs it, so that Ctrl-C ends it at once.

    Args:
        sql: the query.
        folder: where DuckDB puts what does not fit into memory.
        tables: the tables that the query may name, by name.
        views: the statements of other tables that the query may name, by name.

    Raises:
        InvalidQuery: it is not one SELECT, or names something that is not there.
        InvalidData: the query does not fit the data. It is raised while rows are read, as are the errors of the tables.
        StoreError: memory, or the disk, is used up.
    """
    with _connection(folder, tables, views) as connection:
        _check(connection, sql)
        with _explaining():
            relation = connection.sql(sql)
        names, kinds = list(relation.columns), list(relation.types)
        for column, kind in zip(names, kinds, strict=True):
            check_kind(column, kind)
        coming: queue.Queue[Any] = queue.Queue(_BATCHES_WAITING)
        ended = threading.Event()
        thread = threading.Thread(target=_run, args=(relation, coming, ended), daemon=True)
        thread.start()
        try:
            received = _received(coming, tables)
            yield Answer(names, kinds, next(received), received)
        finally:
            while not ended.is_set():
                connection.interrupt()
                with suppress(queue.Empty):
                    coming.get(timeout=0.01)


def _run(relation: Any, coming: queue.Queue[Any], ended: threading.Event) -> None:
    try:
        read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
        reader = read(ROWS_AT_A_TIME)
        coming.put(reader.schema)
        for batch in reader:
            coming.put(batch)
        coming.put(_END)
    except BaseException as error:
        coming.put(error)
    finally:
        ended.set()


def _received(coming: queue.Queue[Any], tables: Mapping[str, Table]) -> Iterator[Any]:
    while (found := coming.get()) is not _END:
        if not isinstance(found, BaseException):
            yield found
            continue
        for table in tables.values():
            if table.failure is not None:
                raise table.failure
        with _explaining(running=True):
            raise found


@contextmanager
def _connection(
    folder: str | None, tables: Mapping[str, Table], views: Mapping[str, str], *, threads: int | None = None
) -> Iterator[Any]:
    settings = _SETTINGS | ({} if threads is None else {"threads": threads}) | {"temp_directory": folder or ""}
    connection = duckdb.connect(":memory:", config=settings)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        for name, table in tables.items():
            connection.register(name, table)
        for name, statement in views.items():
            connection.execute(f"CREATE TEMP VIEW {name} AS {statement}")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


def _check(connection: Any, sql: str) -> None:
    with _explaining():
        statements = connection.extract_statements(sql)
    if len(statements) != 1:
        found = "empty" if not statements else f"{len(statements)} statements"
        raise InvalidQuery(f"the query is {found}: write one SELECT")
    [statement] = statements
    if statement.type != duckdb.StatementType.SELECT:
        raise InvalidQuery(
            f"the query is {_named(statement.type)}, and a query only reads: write one SELECT, which may begin with "
            "WITH, VALUES, FROM, DESCRIBE or SUMMARIZE"
        )


def _named(statement_type: Any) -> str:
    name = str(statement_type).rpartition(".")[2].replace("_", " ")
    return "PIVOT" if name == "MULTI" else name


def _nodes(plans: list[Any]) -> Iterator[Any]:
    for plan in plans:
        yield plan
        yield from _nodes(plan["children"])


@contextmanager
def _explaining(*, running: bool = False) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise _explained(error, running=running) from None


def _explained(error: Exception, *, running: bool) -> EsjournalError:
    # The query itself comes after an empty line.
    first, _, rest = str(error).partition("\n\n")[0].partition("\n")
    kind, _, reason = first.partition(": ")
    reason = reason or first
    if kind in _OF_MACHINE:
        return StoreError(f"DuckDB cannot answer the query: {_shortened(reason)}; narrow it, as with --since")
    if kind == "Permission Error":
        return InvalidQuery(
            f"a query reads only the tables events and sequences, no files, settings or extensions: "
            f"{_shortened(reason)}"
        )
    if kind == "Catalog Error" and reason.startswith("Table "):
        rest = "the tables are events and sequences"
    text = "; ".join(_shortened(line.strip().rstrip("!.")) for line in (reason, *rest.splitlines()) if line.strip())
    if running and kind in _OF_DATA:
        return InvalidData(f"the query fails: {text}")
    return InvalidQuery(f"the query cannot be answered: {text}")


def _shortened(text: str, limit: int = 300) -> str:
    """Return a part of DuckDB's message, which may repeat a value of any length."""
    return text if len(text) <= limit else f"{text[:limit]}..."
