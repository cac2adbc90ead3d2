"""The connections of SQLite that append: kept between appends, and how long each waits for a lock."""

from __future__ import annotations

import sqlite3
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from esjournal.infrastructure.sqlalchemy.sqlite.connections import Connection, KeptConnections


class Opener:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened: list[Connection] = []

    def __call__(self) -> Connection:
        self.opened.append(sqlite3.connect(self.path, factory=Connection, isolation_level=None))
        return self.opened[-1]


@pytest.fixture
def opener(tmp_path: Path) -> Opener:
    return Opener(tmp_path / "a.db")


def test_a_connection_is_used_again_and_two_leases_have_two(opener: Opener) -> None:
    kept = KeptConnections(opener, nullcontext())
    for _ in range(3):
        with kept.lease() as one, kept.lease() as other:
            assert one is not other
    assert len(opener.opened) == 2
    kept.close()


def test_what_is_given_back_after_the_end_or_inside_a_transaction_is_closed(opener: Opener) -> None:
    kept = KeptConnections(opener, nullcontext())
    with kept.lease() as left:
        left.execute("BEGIN")
    with kept.lease() as leased:
        kept.close()
        leased.execute("SELECT 1")
    for connection in (left, leased):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_a_connection_waits_as_long_as_it_was_last_told(opener: Opener) -> None:
    with closing(opener()) as connection:
        told: list[str] = []
        connection.set_trace_callback(told.append)
        for seconds in (0.3, 0.3, 0, 1e12):
            connection.wait_for(seconds)
        connection.set_trace_callback(None)
        assert told == [f"PRAGMA busy_timeout={milliseconds}" for milliseconds in (300, 0, 2**31 - 1)]
