"""Parquet for analytics: a typed column for each field of an event, with the state as text. It is only written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import IO, Any

from esjournal.domain.model.recordedevent import EventRow

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise ImportError(f"Parquet needs pyarrow ({error}): pip install 'esjournal[parquet]'") from error

# The size of a row group, in rows or bytes: a reader skips or reads a group as a whole, and holds it in memory.
GROUP_ROWS = 100_000
GROUP_BYTES = 64 * 1024 * 1024

_TIME = pa.timestamp("us", "UTC")
_SCHEMA = pa.schema(
    [
        pa.field("originator_id", pa.uuid(), nullable=False),
        pa.field("originator_version", pa.int64(), nullable=False),
        pa.field("event_type", pa.string(), nullable=False),
        pa.field("state", pa.string(), nullable=False),
        pa.field("recorded_at", _TIME),
        pa.field("global_position", pa.int64(), nullable=False),
    ]
)


def write(pages: Iterable[Sequence[EventRow]], stream: IO[bytes]) -> None:
    """Write events to a stream, in row groups.

    Args:
        pages: events with their global positions, many at a time.
        stream: takes the bytes; it need not be seekable.
    """
    with pq.ParquetWriter(
        stream, _SCHEMA, compression="zstd", use_dictionary=["originator_id", "event_type"]
    ) as writer:
        group: list[Any] = []
        size = 0
        for page in pages:
            batch = _batch(page)
            group.append(batch)
            size += batch.nbytes
            if size >= GROUP_BYTES or sum(map(len, group)) >= GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(group))
                group, size = [], 0
        if group:
            writer.write_table(pa.Table.from_batches(group))


def _batch(page: Sequence[EventRow]) -> Any:
    ids, versions, types, states, times, positions = zip(*page, strict=True)
    # fromhex does not accept the hyphens of an id.
    stored_ids = pa.array([bytes.fromhex(text.replace("-", "")) for text in ids], pa.binary(16))
    return pa.RecordBatch.from_arrays(
        [
            pa.ExtensionArray.from_storage(pa.uuid(), stored_ids),
            pa.array(versions, pa.int64()),
            pa.array(types, pa.string()),
            pa.array(states, pa.string()),
            pa.array(times, pa.string()).cast(_TIME),
            pa.array(positions, pa.int64()),
        ],
        schema=_SCHEMA,
    )
