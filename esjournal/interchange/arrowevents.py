"""Events as Arrow record batches, with the columns that a query in SQL sees."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from esjournal.domain.model.sequencenames import any_named, name_of_id
from esjournal.domain.state.numbers import exact
from esjournal.domain.state.values import is_json, text_of

_TIME = pa.timestamp("us", "UTC")
# The field of a recorded event that each column has.
FIELDS = {
    "id": "originator_id",
    "name": "originator_id",
    "version": "originator_version",
    "type": "event_type",
    "state": "state",
    "metadata": "metadata",
    "recorded_at": "recorded_at",
    "position": "global_position",
}
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("name", pa.string()),
        pa.field("version", pa.int64()),
        pa.field("type", pa.string()),
        pa.field("state", pa.json_()),
        pa.field("metadata", pa.json_()),
        pa.field("recorded_at", _TIME),
        pa.field("position", pa.int64()),
    ]
)

# What DuckDB would read in another way, or not at all, is here: a state that is no object, a number with so many digits
# or such an exponent that a double may not hold it, and half of a surrogate pair. Most pages have none of these.
_TO_LOOK_AT = r"^[^{]|[0-9][0-9.]{15}|[0-9][eE]-[0-9]{3,}[^0-9a-zA-Z-]|\\u[dD][89a-fA-F]"
_STRING_OR_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?', re.ASCII)
_HALF_OF_A_PAIR = re.compile(
    r"((?<!\\)(?:\\\\)*)(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_REPLACEMENT = r"\ufffd"


def batch_of(fields: Mapping[str, Sequence[Any]], columns: Sequence[str]) -> Any:
    """Return some columns of events as a record batch, as they are stored.

    Args:
        fields: the values of each field of recorded events that a column has, by name.
        columns: the names of the columns.
    """
    return pa.RecordBatch.from_arrays([_array(name, fields[FIELDS[name]]) for name in columns], list(columns))


def _array(name: str, values: Sequence[Any]) -> Any:
    if name == "name":
        if not any_named(values):
            return pa.nulls(len(values), pa.string())
        return pa.array(list(map(name_of_id, values)), pa.string())
    if name == "recorded_at":
        return pa.array(values, pa.string()).cast(_TIME)
    return pa.array(values, pa.int64() if name in ("version", "position") else pa.string())


def completed(batch: Any) -> Any:
    """Return some columns of events as a batch that DuckDB reads; the other columns have only nulls.

    Args:
        batch: what `batch_of` returned.
    """
    there = dict(zip(batch.schema.names, batch.columns, strict=True))
    arrays = [
        _read(there[field.name], field) if field.name in there else pa.nulls(len(batch), field.type) for field in SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _read(texts: Any, field: Any) -> Any:
    if field.type != pa.json_():
        return texts
    if pc.any(pc.match_substring_regex(texts, _TO_LOOK_AT)).as_py():
        texts = pa.array([text if text is None else as_read(text) for text in texts.to_pylist()], pa.string())
    return pa.ExtensionArray.from_storage(field.type, texts)


def as_read(state: str) -> str:
    r"""Return a state as JSON of which DuckDB reads the same values.

    A number that a double cannot hold becomes a string, so that `->>` gives it as it is stored. Half of a surrogate
    pair, which is in no text, becomes `\ufffd`. A state that is not JSON, for example because it is encrypted, becomes
    a string.

    Args:
        state: the text of a state or of metadata.
    """
    if not state.startswith("{") and not is_json(state):
        return text_of(state)
    return _STRING_OR_NUMBER.sub(_token, state)


def _token(found: re.Match[str]) -> str:
    token = found[0]
    if token.startswith('"'):
        return _HALF_OF_A_PAIR.sub(lambda half: half[1] + (half[2] or _REPLACEMENT), token) if "\\u" in token else token
    # Integers of any size are read as they are.
    return token if token.lstrip("-").isdigit() or _is_read_exactly(token) else f'"{token}"'


def _is_read_exactly(number: str) -> bool:
    read = float(number)
    # DuckDB leaves a number beyond a double as it is.
    return math.isinf(read) or exact(repr(read)) == exact(number)
