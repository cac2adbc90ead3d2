"""Ctrl-C at the right moment, and in the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM)
# Longer than it takes a follower to end.
_AGAIN_SECONDS = 1.0


@contextmanager
def interruption_put_off() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait for the end of what is done here; whoever sends another one does not want to wait."""
    waiting: list[int] = []
    usual = {number: signal.getsignal(number) for number in _NUMBERS}

    def put_off(number: int, frame: FrameType | None) -> None:
        handler = usual[signal.Signals(number)]
        if waiting and callable(handler):
            handler(number, frame)
        waiting.append(number)

    for number in usual:
        signal.signal(number, put_off)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
    if waiting:
        signal.raise_signal(waiting[0])


@contextmanager
def interruption_repeated() -> Iterator[None]:
    """Say Ctrl-C and SIGTERM again after a second, as long as what is done here does not end.

    Python loses an exception that a handler raises while it finishes an import or lets go of an object: of 70 followers
    that were ended at random moments, two went on for ever.
    """
    usual = {number: handler for number in _NUMBERS if callable(handler := signal.getsignal(number))}

    def say_again(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
        usual[signal.Signals(number)](number, frame)

    for number in usual:
        signal.signal(number, say_again)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in usual.items():
            signal.signal(number, handler)
