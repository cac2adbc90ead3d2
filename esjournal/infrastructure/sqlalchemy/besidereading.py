"""Long statements on a connection of their own, in a thread beside the one that reads events.

SQLite's own check of 3 million events takes 7.6 seconds in one statement, during which sqlite3 lets other threads run;
and a thread that waits for another is interrupted at once, where one that waits for a statement is not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Full, Queue
from types import TracebackType
from typing import Any

from esjournal.domain.model.findings import Finding
from esjournal.exceptions import StoreDamaged
from esjournal.infrastructure.sqlalchemy.session import Session

# Whoever reads findings later than they are found keeps the thread waiting, and memory flat.
_FINDINGS_AHEAD = 1_000
_LOOK_SECONDS = 0.1


class FindingsBeside(Iterator[Finding]):
    """Findings of checks that run in a thread from when this is entered; leaving it interrupts them.

    Args:
        session: a session on a SQLite file.
        checks: what takes a connection, and yields findings.
    """

    def __init__(self, session: Session, checks: Sequence[Callable[[Any], Iterator[Finding]]]) -> None:
        self._session = session
        self._checks = checks
        self._found: Queue[Finding | BaseException | None] = Queue(_FINDINGS_AHEAD)
        self._connection: Any = None
        self._left = False
        # A daemon, because older SQLites do not let go of a check that is interrupted, and the program shall end.
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Iterator[Finding]:
        self._thread.start()
        return self

    def __next__(self) -> Finding:
        found = self._found.get()
        if found is None:
            raise StopIteration
        if isinstance(found, BaseException):
            raise found
        return found

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left = True
        if self._connection is not None:
            self._connection.interrupt()

    def _run(self) -> None:
        try:
            for check in self._checks:
                self._run_one(check)
        except BaseException as error:
            self._put(error)
        self._put(None)

    def _run_one(self, check: Callable[[Any], Iterator[Finding]]) -> None:
        try:
            with self._session.connection() as self._connection:
                for finding in check(self._connection):
                    if not self._put(finding):
                        return
        except StoreDamaged as error:
            self._put(Finding("integrity", "database", error.reason))
        finally:
            self._connection = None

    def _put(self, found: Finding | BaseException | None) -> bool:
        while not self._left:
            try:
                self._found.put(found, timeout=_LOOK_SECONDS)
            except Full:
                continue
            return True
        return False
