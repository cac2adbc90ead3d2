"""Ctrl-C at the right moment."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruption_put_off() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait for the end of what is done here; whoever sends another one does not want to wait."""
    waiting: list[int] = []
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

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
