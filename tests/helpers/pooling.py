"""A real PgBouncer in front of the tests' server, which gives its connections to one transaction after another."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

# Debian installs it where only root's PATH looks.
PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
_SECONDS_TO_START = 20


@contextmanager
def pooled(server: str, *settings: str, mode: str = "transaction") -> Iterator[str]:
    """Start a PgBouncer, and yield the URL of the same database through it.

    Args:
        server: the server's URL.
        settings: lines of its configuration.
        mode: what it gives a connection to: a transaction or a session.
    """
    assert PGBOUNCER is not None
    parameters = conninfo_to_dict(server)
    host, port = parameters.get("host", "localhost"), parameters.get("port", 5432)
    user, database = parameters.get("user", "postgres"), parameters.get("dbname", "postgres")
    password = f" password='{parameters['password']}'" if parameters.get("password") else ""
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        own_port = found.getsockname()[1]
    lines = (
        "[databases]",
        f"* = host={host} port={port} user={user}{password}",
        "[pgbouncer]",
        "listen_addr = 127.0.0.1",
        f"listen_port = {own_port}",
        "unix_socket_dir =",
        "auth_type = any",
        f"pool_mode = {mode}",
        # Few, so that they are shared.
        "default_pool_size = 3",
        *settings,
    )
    with tempfile.TemporaryDirectory(prefix="esjournal-pooler-") as folder:
        configuration = Path(folder) / "pgbouncer.ini"
        configuration.write_text("\n".join(lines) + "\n")
        Path(folder).chmod(0o755)
        with subprocess.Popen(
            [PGBOUNCER, "-q", str(configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=_other_user(str(host)) if os.geteuid() == 0 else None,
        ) as process:
            try:
                url = f"postgresql://{user}@127.0.0.1:{own_port}/{database}"
                _wait_for(url, process)
                yield url
            finally:
                process.terminate()


def _other_user(host: str) -> int:
    # It refuses to run as root. The server's own user can reach a socket in a folder of the server.
    owner = Path(host).stat().st_uid if host.startswith("/") else 0
    return owner or pwd.getpwnam("nobody").pw_uid


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PgBouncer does not answer: {error}") from None
            time.sleep(0.05)
