"""A prepared transaction whose process is gone still writes to the tables of another library."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest

from tests.helpers.concurrency.journals import at_server
from tests.helpers.concurrency.server import OwnServer
from tests.helpers.program import run

pytestmark = pytest.mark.long

# As the library's PostgreSQL module makes it, with ids that can become visible out of order.
TABLE = """
    CREATE TABLE stored_events (
        originator_id uuid NOT NULL, originator_version bigint NOT NULL, topic text, state bytea,
        notification_id bigserial, PRIMARY KEY (originator_id, originator_version)
    )
"""
INSERT = "INSERT INTO stored_events VALUES (gen_random_uuid(), 1, 'shop:Sold', '{}')"


@pytest.fixture
def connection(own_server: OwnServer) -> Iterator[psycopg.Connection]:
    with at_server(own_server.url) as connection:
        connection.execute(TABLE)
        yield connection
        # If a test fails, its transaction stays and keeps a lock.
        for (name,) in connection.execute("SELECT gid FROM pg_prepared_xacts").fetchall():
            connection.execute(f"ROLLBACK PREPARED '{name}'")
        connection.execute("DROP TABLE stored_events")


def test_an_export_waits_for_its_end(own_server: OwnServer, connection: psycopg.Connection) -> None:
    connection.execute(f"BEGIN; {INSERT}; PREPARE TRANSACTION 'shop'")
    connection.execute(INSERT)
    url = f"{own_server.url}&timeout=0.2"
    waiting = run("export", "--layout", "eventsourcing", url=url)
    assert (waiting.returncode, waiting.stdout) == (5, "")
    assert "was locked by others for 0.2 seconds" in waiting.stderr
    connection.execute("COMMIT PREPARED 'shop'")
    exported = run("export", "--layout", "eventsourcing", url=url).stdout.splitlines()
    assert [json.loads(line)["global_position"] for line in exported] == [1, 2]
