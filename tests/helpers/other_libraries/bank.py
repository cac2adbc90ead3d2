"""Stores that an application of eventsourcing 9 writes."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from tests.helpers.other_libraries.process import Appending, Program
from tests.helpers.other_libraries.urls import connection_parameters, is_sqlite, make_schema, schema_of, sqlite_file

CIPHER_KEY = "MDEyMzQ1Njc4OWFiY2RlZg=="


class Notification(NamedTuple):
    """An event as the library returns it, with its position in the order of all events."""

    id: int
    originator_id: str
    originator_version: int
    topic: str
    state: bytes


class Bank:
    """A store of eventsourcing 9, with snapshots of every third version of an account.

    Its table is `stored_events` in SQLite, and `bank_events` in PostgreSQL, after the name of the application.

    Args:
        python: the Python of the library's environment.
        url: the store's URL, as esjournal writes it.
        folder: a folder for the output of processes.
        compressed: whether zlib compresses states.
        encrypted: whether AES encrypts states.
        text_ids: whether ids of accounts are texts such as `account-<uuid>` instead of UUIDs.
        with_functions: whether functions in PostgreSQL insert events.
    """

    def __init__(
        self,
        python: Path,
        url: str,
        folder: Path,
        *,
        compressed: bool = False,
        encrypted: bool = False,
        text_ids: bool = False,
        with_functions: bool = False,
    ) -> None:
        self.url = url
        self._folder = folder
        variables = _sqlite(url) if is_sqlite(url) else _postgresql(url)
        if compressed:
            variables["COMPRESSOR_TOPIC"] = "zlib"
        if encrypted:
            variables |= {"CIPHER_TOPIC": "eventsourcing.cipher:AESCipher", "CIPHER_KEY": CIPHER_KEY}
        variables["ORIGINATOR_ID_TYPE"] = "text" if text_ids else "uuid"
        variables["POSTGRES_ENABLE_DB_FUNCTIONS"] = "yes" if with_functions else "no"
        self._program = Program(python, "bank.py", variables=variables)

    def make(self, accounts: int, events: int) -> list[str]:
        """Make accounts with the same number of events each, in turn, and return their ids."""
        return self._program.run("make", accounts, events)

    def notifications(self) -> list[Notification]:
        """Return all events as the library reads them, in its order."""
        return [
            Notification(**{**fields, "state": b64decode(fields["state"])})
            for fields in self._program.run("notifications")
        ]

    def states(self, *ids: str) -> list[dict[str, Any]]:
        """Return the accounts that the library builds from their events."""
        return self._program.run("states", *ids)

    @contextmanager
    def appending(self) -> Iterator[Appending]:
        """Have a process append to a new account until it is killed, at the end of the block at the latest."""
        with self._program.appending(self._folder / f"{uuid4().hex}.out") as appending:
            yield appending


def _sqlite(url: str) -> dict[str, str]:
    return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": sqlite_file(url)}


def _postgresql(url: str) -> dict[str, str]:
    make_schema(url)
    schema, server = schema_of(url)
    parameters = connection_parameters(server)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parameters["dbname"],
        "POSTGRES_HOST": parameters["host"],
        "POSTGRES_PORT": parameters.get("port", "5432"),
        "POSTGRES_USER": parameters["user"],
        # The library needs a password, even if the server does not.
        "POSTGRES_PASSWORD": parameters.get("password", "none"),
        "POSTGRES_SCHEMA": schema,
    }
