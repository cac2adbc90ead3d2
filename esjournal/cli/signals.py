"""Ctrl-C and SIGTERM at the right time, and never lost."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

# As a shell reports a process that a signal has ended.
_SIGNALLED = 128
_NUMBERS_BY_EXCEPTION: dict[type[BaseException], signal.Signals] = {
    KeyboardInterrupt: signal.SIGINT,
    SystemExit: signal.SIGTERM,
}
_NUMBERS = tuple(_NUMBERS_BY_EXCEPTION.values())
# Longer than a follower takes to end.
_AGAIN_SECONDS = 1.0
_SOON_SECONDS = 0.01
# The SIGTERMs that came.
_received: list[int] = []
# The exit codes of the pagers that were left before they had everything.
_left: list[int] = []


@contextmanager
def interruption_postponed(*, again: Callable[[], None] | None = None) -> Iterator[None]:
    """Postpone Ctrl-C and SIGTERM to the end of the block; a second signal is not postponed.

    Args:
        again: called instead for every signal but the first; the block goes on.
    """
    waiting: list[int] = []
    usual = {number: signal.getsignal(number) for number in _NUMBERS}

    def postpone(number: int, frame: FrameType | None) -> None:
        handler = usual[signal.Signals(number)]
        if waiting and again is not None:
            again()
        elif waiting and callable(handler):
            handler(number, frame)
        waiting.append(number)

    for number in usual:
        signal.signal(number, postpone)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
    if waiting:
        signal.raise_signal(waiting[0])


def end_while_loading() -> None:
    """From now on, end at once on Ctrl-C and SIGTERM, because there is nothing to roll back yet.

    Python loses what a handler raises while it compiles a module: of 700 followers that got a SIGTERM while they
    started, 16 ran for ever.
    """
    for number in _NUMBERS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end_at_once)


def raise_interruptions() -> None:
    """From now on, raise an exception on Ctrl-C and SIGTERM: transactions are rolled back, half-written files removed.

    It does nothing without `end_while_loading`, as where a test runs a command in its own process.
    """
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, _terminate)):
        if signal.getsignal(number) is _end_at_once:
            signal.signal(number, handler)


def end_if_terminated() -> None:
    """End as SIGTERM ends the program, if that is what interrupted it: SQLite's driver reports any signal as Ctrl-C."""
    if _received:
        sys.exit(_SIGNALLED + _received[0])


def note_left_pager(code: int) -> None:
    """Note that the user has left the pager, which interrupts the program.

    Args:
        code: the exit code of the pager.
    """
    _left.append(code)


def has_left_pager() -> bool:
    """Say whether the user has left the pager, and not with Ctrl-C."""
    return bool(_left) and _left[-1] != -signal.SIGINT


def repeat_lost_interruptions() -> None:
    """From now on, raise Ctrl-C and SIGTERM again if Python reports that it lost what their handlers raised.

    That happens while Python finishes an import or frees an object: of 1,400 imports that were interrupted while they
    started, two printed a traceback and ran to their end.
    """
    sys.unraisablehook = _raise_lost_interruption_again


@contextmanager
def interruption_repeated() -> Iterator[None]:
    """Raise Ctrl-C and SIGTERM again every second until the block ends.

    While Python compiles, it loses what a handler raises without reporting it: of 1,800 followers that were ended while
    they started, one ran for ever when only reported losses were raised again.
    """
    usual = {number: handler for number in _NUMBERS if callable(handler := signal.getsignal(number))}

    def raise_again(number: int, frame: FrameType | None) -> None:
        _raise_again(number, _AGAIN_SECONDS)
        usual[signal.Signals(number)](number, frame)

    for number in usual:
        signal.signal(number, raise_again)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in usual.items():
            signal.signal(number, handler)


@contextmanager
def interrupted_once(is_over: Callable[[], bool]) -> Iterator[None]:
    """Raise KeyboardInterrupt in the block as soon as something is over that a child process does.

    It is raised again every second, as in `interruption_repeated`. Ctrl-C alone raises nothing: it is for the child,
    which has the terminal.

    Args:
        is_over: asked when a child has ended, and on Ctrl-C.
    """
    is_watched = True

    def look(number: int | None = None, frame: FrameType | None = None) -> None:
        if is_watched and is_over():
            _raise_again(signal.SIGINT, _AGAIN_SECONDS)
            raise KeyboardInterrupt

    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGCHLD)}
    for number in usual:
        signal.signal(number, look)
    try:
        # The child may have ended before.
        look()
        yield
    finally:
        is_watched = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in usual.items():
            signal.signal(number, handler)


def _end_at_once(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(_SIGNALLED + number)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    _received.append(number)
    sys.exit(_SIGNALLED + number)


def _raise_lost_interruption_again(unraisable: sys.UnraisableHookArgs) -> None:
    number = _NUMBERS_BY_EXCEPTION.get(unraisable.exc_type)
    if number is None:
        sys.__unraisablehook__(unraisable)
    else:
        # Not here, where it would be lost too.
        _raise_again(number, _SOON_SECONDS)


def _raise_again(number: int, seconds: float) -> None:
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
    signal.setitimer(signal.ITIMER_REAL, seconds)
