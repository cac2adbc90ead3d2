"""Ctrl-C and SIGTERM: postponed, and never lost."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from esjournal.cli import signals
from esjournal.cli.exits import INTERRUPTED
from esjournal.cli.signals import interruption_postponed, interruption_repeated, repeat_lost_interruptions
from esjournal.infrastructure.sqlalchemy.sqlite.session import SQLiteSession
from tests.helpers.events import event
from tests.helpers.program import invoke
from tests.helpers.stores import journal_with

SECONDS = 0.05


@pytest.fixture(autouse=True)
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "_AGAIN_SECONDS", SECONDS)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def lose_interruption() -> None:
    """Be interrupted where Python ignores exceptions, as in a destructor."""
    with suppress(KeyboardInterrupt):
        interrupt()


def test_an_interruption_waits_until_the_guarded_work_is_done() -> None:
    done = []

    def work() -> None:
        with interruption_postponed():
            interrupt()
            done.append("all")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done


def test_a_second_interruption_does_not_wait() -> None:
    done = []

    def work() -> None:
        with interruption_postponed():
            interrupt()
            interrupt()
            done.append("all")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert not done


def test_an_interruption_that_is_lost_comes_again_and_again() -> None:
    with interruption_repeated():
        lose_interruption()
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                time.sleep(5)


def test_an_interruption_that_comes_again_waits_as_well() -> None:
    done = []

    def work() -> None:
        with interruption_postponed():
            time.sleep(4 * SECONDS)
            done.append("all")

    with interruption_repeated():
        lose_interruption()
        with pytest.raises(KeyboardInterrupt):
            work()
    assert done


def test_an_interruption_that_is_heard_does_not_come_again() -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyboardInterrupt), interruption_repeated():
        interrupt()
    time.sleep(2 * SECONDS)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_an_interruption_that_is_ignored_stays_so() -> None:
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruption_repeated(), interruption_postponed():
            interrupt()
            interrupt()
    finally:
        signal.signal(signal.SIGINT, former)


def test_other_lost_exceptions_are_printed_as_python_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Held:
        def __del__(self) -> None:
            raise ValueError("lost")

    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    repeat_lost_interruptions()
    Held()
    assert "ValueError: lost" in capsys.readouterr().err


def test_a_follower_ends_also_where_its_interruption_is_lost(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def changes(session: SQLiteSession, is_over: object) -> Iterator[None]:
        yield
        lose_interruption()
        time.sleep(5)
        raise AssertionError("it goes on")

    monkeypatch.setattr(SQLiteSession, "changes", changes)
    assert invoke("log", "-f", url=journal_with(sqlite_url, [event()])).exit_code == INTERRUPTED
