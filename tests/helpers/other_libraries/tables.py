"""Tables of other libraries in PostgreSQL, without the libraries, and a connection that writes to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

import psycopg
from sqlalchemy import make_url

from esjournal.domain.model.recordedevent import RecordedEvent

# As the libraries make them.
TABLES = {
    "eventsourcing": """CREATE TABLE stored_events (originator_id uuid NOT NULL, originator_version bigint NOT NULL,
        topic text, state bytea, notification_id bigserial, PRIMARY KEY (originator_id, originator_version))""",
    "eventsourcing-4": """CREATE TABLE stored_events (id bigserial PRIMARY KEY, originator_id uuid NOT NULL,
        originator_version bigint NOT NULL, event_type text, state text)""",
    "message-db": """CREATE TABLE messages (global_position bigserial PRIMARY KEY, position bigint NOT NULL,
        "time" timestamp NOT NULL DEFAULT now(), stream_name text NOT NULL, type text NOT NULL, data jsonb,
        metadata jsonb, id uuid NOT NULL DEFAULT gen_random_uuid())""",
}
INSERTS = {
    "eventsourcing": "INSERT INTO stored_events VALUES (gen_random_uuid(), 1, 'shop:Sold', '{}')",
    "eventsourcing-4": "INSERT INTO stored_events (originator_id, originator_version, event_type, state) "
    "VALUES (gen_random_uuid(), 0, 'shop#Sold', '{}')",
    "message-db": "INSERT INTO messages (position, stream_name, type, data) "
    "VALUES (0, gen_random_uuid(), 'Sold', '{}')",
}
SEQUENCES = {
    "eventsourcing": "stored_events_notification_id_seq",
    "eventsourcing-4": "stored_events_id_seq",
    "message-db": "messages_global_position_seq",
}


@contextmanager
def writer(url: str) -> Iterator[psycopg.Connection]:
    """A connection of another program, which commits each statement unless a transaction was begun."""
    given = make_url(url)
    schema = given.query["schema"]
    server = given.difference_update_query(["schema"]).render_as_string(hide_password=False)
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"; SET search_path = "{schema}"')
        yield connection


def message_db_with(url: str, events: Iterable[RecordedEvent]) -> str:
    """Make a table of message-db that has events, and return its URL."""
    with writer(url) as connection:
        connection.execute(TABLES["message-db"])
        for each in events:
            connection.execute(
                'INSERT INTO messages (position, "time", stream_name, type, data) VALUES (%s, %s, %s, %s, %s)',
                (each.originator_version, str(each.recorded_at)[:-1], each.originator_id, each.event_type, each.state),
            )
    return f"{url}&layout=message-db"
