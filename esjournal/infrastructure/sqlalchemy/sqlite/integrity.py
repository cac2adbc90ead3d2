"""SQLite's own check of a journal, in a thread, while its events are read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from esjournal.domain.findings import WHOLE, Finding, FindingKind
from esjournal.exceptions import StoreDamaged
from esjournal.infrastructure.sqlalchemy.session import Session

_INTERRUPTIONS = 10
_INTERRUPTION_SECONDS = 0.05


def integrity_findings(session: Session, connection: Any, check: str) -> list[Finding]:
    """Return the damage that SQLite finds: at most a hundred problems.

    Args:
        session: the session that leased the connection.
        connection: a connection of sqlite3.
        check: the name of SQLite's check.
    """
    # Each row is looked up in each index: with SQLite's default cache of 2 MB, 3 million events take 13 seconds, not 7.
    session.prepare_for_many_rows(connection)
    texts = [text for (text,) in connection.execute(f"PRAGMA {check}").fetchall()]
    # A text may have several lines; the first is a heading.
    lines = [line for text in texts for line in text.splitlines() if not line.startswith("***")]
    return [Finding(FindingKind.INTEGRITY, WHOLE, line) for line in lines if line != "ok"]


class IntegrityBeside(Iterator[Finding]):
    """Runs the check in a thread, on its own connection, as soon as it is entered; iterating waits for the end.

    The check is one statement that takes seconds, during which sqlite3 lets other threads run.

    Args:
        session: a session on a SQLite file.
        check: the name of SQLite's check.
    """

    def __init__(self, session: Session, check: str) -> None:
        self._session = session
        self._check = check
        self._connection: Any = None
        self._findings: Iterator[Finding] = iter(())
        self._error: BaseException | None = None
        # A daemon: in older versions of SQLite the check cannot be interrupted, and the program must end at once.
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Iterator[Finding]:
        self._thread.start()
        return self

    def __next__(self) -> Finding:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return next(self._findings)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Repeated, because only a running statement is interrupted; with a limit, because some never are.
        for _ in range(_INTERRUPTIONS):
            connection = self._connection
            if connection is not None:
                connection.interrupt()
            self._thread.join(_INTERRUPTION_SECONDS)
            if not self._thread.is_alive():
                return

    def _run(self) -> None:
        try:
            with self._session.connection() as self._connection:
                self._findings = iter(integrity_findings(self._session, self._connection, self._check))
        except StoreDamaged as error:
            self._findings = iter([Finding(FindingKind.INTEGRITY, WHOLE, error.reason)])
        except BaseException as error:
            self._error = error
        finally:
            self._connection = None
