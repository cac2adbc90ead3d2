"""What may complete a word on the command line, from a journal on a server: quickly, or not at all."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

import psycopg
from psycopg import sql

from esjournal.domain.beginnings import completions, first_among
from esjournal.domain.choices import Completed

# The server ends each question after so long. psycopg takes at least two seconds for a connection that it does not get.
_MILLISECONDS = 100
_CONNECT_SECONDS = 2
# As in files: no index has the event types, and these many events are read.
_EVENTS_READ = 5_000
_MOST_VALUES = 10_000
# Of a URL; the others are libpq's.
_OUR_PARAMETERS = ("schema", "timeout", "prepare")
_PART_OF_ID = re.compile(r"[0-9a-f-]{1,36}")
_LOWEST, _HIGHEST = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"

_TYPES = sql.SQL(
    "SELECT DISTINCT event_type FROM "
    "(SELECT event_type FROM {schema}stored_events ORDER BY global_position DESC LIMIT {most}) AS latest"
)
_NAMES = sql.SQL("SELECT name FROM {schema}sequence_names WHERE starts_with(name, {word}) LIMIT {most}")
_IDS = sql.SQL(
    "SELECT DISTINCT originator_id::text FROM {schema}stored_events "
    "WHERE originator_id BETWEEN {lowest}::uuid AND {highest}::uuid LIMIT {most}"
)


def completions_on_server(url: str, wanted: Completed, word: str, most: int) -> list[str]:
    """Return what may complete a word.

    Nothing is written. Nothing completes a word if the journal is missing, or the server does not answer in time.

    Args:
        url: the journal's URL, without a layout.
        wanted: what the word is the beginning of.
        word: what was written so far.
        most: how many completions there may be, of names and of ids.
    """
    address, _, query = url.partition("://")[2].partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    schema = parameters.get("schema")
    others = urlencode({name: value for name, value in parameters.items() if name not in _OUR_PARAMETERS})
    parts = {
        "schema": sql.SQL("{}.").format(sql.Identifier(schema)) if schema else sql.SQL(""),
        "word": sql.Literal(word),
    }

    def completing(select: sql.SQL, limit: int, **more: sql.Composable) -> list[str]:
        statement = select.format(**parts, **more, most=sql.Literal(limit))
        try:
            with connection.transaction():
                found = sorted(value for (value,) in connection.execute(statement))
        except psycopg.Error:
            # A journal of version 1 has no names, and each question has an end.
            return []
        return completions(word, first_among(found), most) if len(found) < _MOST_VALUES else []

    try:
        with psycopg.connect(
            f"postgresql://{address}?{others}", connect_timeout=_CONNECT_SECONDS, prepare_threshold=None
        ) as connection:
            # Only in this transaction: a pooler gives the connection to others.
            connection.execute("SET TRANSACTION READ ONLY")
            connection.execute(f"SET LOCAL statement_timeout = {_MILLISECONDS}")
            if wanted is Completed.TYPES:
                return completing(_TYPES, _EVENTS_READ)
            names = completing(_NAMES, _MOST_VALUES)
            is_id = _PART_OF_ID.fullmatch(word) if word else not names
            if wanted is Completed.SEQUENCES and is_id:
                ends = {"lowest": word + _LOWEST[len(word) :], "highest": word + _HIGHEST[len(word) :]}
                return names + completing(_IDS, _MOST_VALUES, **{name: sql.Literal(end) for name, end in ends.items()})
            return names
    except (psycopg.Error, ValueError):
        return []
