"""Environments of other libraries, and stores that the libraries make in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from tests.helpers.other_libraries.bank import Bank
from tests.helpers.other_libraries.environments import npm_package, python_with
from tests.helpers.other_libraries.message_store import MessageDb
from tests.helpers.other_libraries.shop import Shop

# The versions that the old libraries pin do not run on today's Python; these do.
FOR_OLD_VERSIONS = ("sqlalchemy<1.4", "sqlalchemy-utils", "six", "python-dateutil", "psycopg2-binary", "singledispatch")


@pytest.fixture(scope="session")
def environments(request: pytest.FixtureRequest) -> Path:
    """The folder that keeps environments from one run to the next; `pytest --cache-clear` empties it."""
    assert request.config.cache is not None
    return request.config.cache.mkdir("environments")


@pytest.fixture(scope="session")
def python_with_eventsourcing(environments: Path) -> Callable[[str], Path]:
    """Return the Python of an environment that has a version of eventsourcing; `9` stands for 9.5."""

    def python(version: str) -> Path:
        if version == "9":
            return python_with(environments, ["eventsourcing[postgres,crypto]==9.5.*"])
        return python_with(environments, ["--no-deps", f"eventsourcing=={version}"], FOR_OLD_VERSIONS)

    return python


@pytest.fixture(scope="module")
def new_url(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Return the URL of a new store in `sqlite` or `postgresql`, which is removed after the module's tests."""
    schemas: list[str] = []

    def url(database: str) -> str:
        if database == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('store') / 'store.db'}"
        schemas.append(f"test_{uuid4().hex}")
        return f"{postgres_server}{'&' if '?' in postgres_server else '?'}schema={schemas[-1]}"

    yield url
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for schema in schemas:
            connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')


@pytest.fixture
def open_bank(python_with_eventsourcing: Callable[[str], Path], tmp_path: Path) -> Callable[..., Bank]:
    """Open a store of eventsourcing 9, given its URL and options of `Bank`."""

    def open_(url: str, **options: bool) -> Bank:
        return Bank(python_with_eventsourcing("9"), url, tmp_path, **options)

    return open_


@pytest.fixture
def open_shop(python_with_eventsourcing: Callable[[str], Path], tmp_path: Path) -> Callable[..., Shop]:
    """Open a store of an old eventsourcing, given its URL and optionally its version and table."""

    def open_(url: str, version: str = "4.0.0", table: str = "stored_events") -> Shop:
        return Shop(python_with_eventsourcing(version), url, tmp_path, table=table)

    return open_


@pytest.fixture(scope="session")
def message_db_scripts(environments: Path) -> Path:
    """The folder with the SQL of message-db."""
    return npm_package(environments, "@eventide/message-db@1.3.1") / "database"


@pytest.fixture
def message_db(postgres_server: str, message_db_scripts: Path) -> Iterator[MessageDb]:
    """A store of message-db without messages."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            store = MessageDb(make_url(postgres_server).set(database=name))
            try:
                store.install(message_db_scripts)
                yield store
            finally:
                store.close()
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
