"""Parquet for analytics: a typed column for each field of an event, with the state as text. It is only written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import IO, Any

from esjournal.domain.model.recordedevent import SEQUENCE_NAME, EventRow, RecordedEvent
from esjournal.domain.model.sequencenames import name_of_id
from esjournal.exceptions import InvalidQuery
from esjournal.interchange.formats import columns_with

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise ImportError(f"Parquet needs pyarrow ({error}): pip install 'esjournal[parquet]'") from error

# The size of a row group, in rows or bytes: a reader skips or reads a group as a whole, and holds it in memory.
GROUP_ROWS = 100_000
STATES_IN_A_GROUP = 10_000
GROUP_BYTES = 64 * 1024 * 1024

_TIME = pa.timestamp("us", "UTC")
_FIELDS = {
    field.name: field
    for field in (
        pa.field("originator_id", pa.uuid(), nullable=False),
        pa.field("originator_version", pa.int64(), nullable=False),
        pa.field("event_type", pa.string(), nullable=False),
        pa.field("state", pa.string(), nullable=False),
        pa.field("recorded_at", _TIME),
        pa.field("metadata", pa.string()),
        pa.field("event_id", pa.uuid()),
        pa.field("global_position", pa.int64(), nullable=False),
        pa.field(SEQUENCE_NAME, pa.string()),
    )
}
_STATES = pa.schema(
    [_FIELDS[name] for name in ("originator_id", "originator_version", "recorded_at", "state", SEQUENCE_NAME)]
)


def write(pages: Iterable[Sequence[EventRow]], stream: IO[bytes], *, added: Collection[str] = ()) -> None:
    """Write events to a stream, in row groups.

    Args:
        pages: events with their global positions, many at a time.
        stream: takes the bytes; it need not be seekable.
        added: those of the fields `metadata`, `event_id` and `sequence_name` that have a column.
    """
    schema = pa.schema([_FIELDS[name] for name in columns_with(added)])
    repeated = [name for name in ("originator_id", "event_type", SEQUENCE_NAME) if name in schema.names]
    with pq.ParquetWriter(stream, schema, compression="zstd", use_dictionary=repeated) as writer:
        for group in _groups(_batch(page, schema) for page in pages):
            writer.write_table(group)


def _groups(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield batches together as tables, each of them a row group."""
    group: list[Any] = []
    size = 0
    for batch in batches:
        group.append(batch)
        size += batch.nbytes
        if size >= GROUP_BYTES or sum(map(len, group)) >= GROUP_ROWS:
            yield pa.Table.from_batches(group)
            group, size = [], 0
    if group:
        yield pa.Table.from_batches(group)


def write_states(rows: Iterable[tuple[Any, ...]], stream: IO[bytes]) -> None:
    """Write the states of sequences to a stream, in row groups.

    Args:
        rows: the id of each sequence, its last version and when that was recorded, its state and its name.
        stream: takes the bytes; it need not be seekable.
    """
    remaining = iter(rows)
    with pq.ParquetWriter(stream, _STATES, compression="zstd", use_dictionary=False) as writer:
        while page := list(islice(remaining, STATES_IN_A_GROUP)):
            columns = zip(_STATES, zip(*page, strict=True), strict=True)
            arrays = [_array(values, field.type) for field, values in columns]
            writer.write_table(pa.Table.from_arrays(arrays, schema=_STATES))


def write_batches(batches: Iterable[Any], schema: Any, stream: IO[bytes]) -> int:
    """Write Arrow batches to a stream, in row groups, and return how many rows there were.

    Args:
        batches: the batches.
        schema: their schema.
        stream: takes the bytes; it need not be seekable.

    Raises:
        InvalidQuery: Parquet has no form for one of the types.
    """
    rows = 0
    try:
        with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
            for group in _groups(batches):
                writer.write_table(group)
                rows += len(group)
    except pa.ArrowNotImplementedError as error:
        raise InvalidQuery(f"Parquet has no form for a column: {error}; cast it to VARCHAR") from None
    return rows


def _batch(page: Sequence[EventRow], schema: Any) -> Any:
    columns = dict(zip(RecordedEvent._fields, zip(*page, strict=True), strict=True))
    columns[SEQUENCE_NAME] = tuple(map(name_of_id, columns["originator_id"]))
    return pa.RecordBatch.from_arrays([_array(columns[field.name], field.type) for field in schema], schema=schema)


def _array(values: Sequence[Any], kind: Any) -> Any:
    if kind == pa.uuid():
        # fromhex does not accept the hyphens of an id.
        stored = [None if text is None else bytes.fromhex(text.replace("-", "")) for text in values]
        return pa.ExtensionArray.from_storage(kind, pa.array(stored, pa.binary(16)))
    return pa.array(values, pa.string()).cast(kind) if kind == _TIME else pa.array(values, kind)
