"""Progress on stderr, if that is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from esjournal.cli.terminal import console_options
from esjournal.domain.text import counted, rate

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID

    from esjournal.interchange.inputfiles import Files

# How long progress stays hidden after a finding was printed; with many findings it would flicker.
_HIDDEN_SECONDS = 0.5


@contextmanager
def reading_progress(files: Files, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show how many events were read, how fast, and the time left, estimated from the bytes left.

    Args:
        files: what is being read.
        quiet: show nothing.

    Returns:
        A function to call repeatedly with the number of events read so far.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda events: None
        return
    from rich.progress import DownloadColumn, TimeRemainingColumn

    columns = [_bar(), DownloadColumn(), TimeRemainingColumn()] if files.size is not None else []
    shown = _Shown(columns, files.size)
    with shown.progress:
        shown.update(0, 0)
        yield lambda events: shown.update(events, files.bytes_read())


@contextmanager
def copying_progress(
    size: int, read: Callable[[], int], done: str = "", *, quiet: bool
) -> Iterator[Callable[[int], None]]:
    """Show how many events were read, how fast, and the time left, estimated from what is left to read.

    Args:
        size: the amount to read.
        read: returns the amount read so far.
        done: a word after the number of events.
        quiet: show nothing.

    Returns:
        A function to call repeatedly with the number of events read so far.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda events: None
        return
    from rich.progress import TaskProgressColumn, TimeRemainingColumn

    shown = _Shown([_bar(), TaskProgressColumn(), TimeRemainingColumn()], size, done)
    with shown.progress:
        shown.update(0, 0)
        yield lambda events: shown.update(events, read())


def _bar() -> ProgressColumn:
    """Return a bar in colours that every terminal has; Rich's own are for a dark one of 256 colours."""
    from rich.progress import BarColumn

    return BarColumn(style="dim", complete_style="cyan", finished_style="cyan", pulse_style="cyan")


class EventsProgress:
    """Shows how many of a known number of events were read, how fast, and the time left.

    Args:
        total: how many events there are, or 1 if only the fraction read is known.
        afterwards: what to show once all of them were read.
        quiet: show nothing.
    """

    def __init__(self, total: int, afterwards: str, *, quiet: bool) -> None:
        self._total = total
        self._afterwards = afterwards
        self._shown: _Shown | None = None
        self._hidden_until = 0.0
        if not quiet and sys.stderr.isatty():
            from rich.progress import TaskProgressColumn, TimeRemainingColumn

            self._shown = _Shown([_bar(), TaskProgressColumn(), TimeRemainingColumn()], total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hide()

    def show(self, events: int, completed: float | None = None) -> None:
        """Show how many events were read.

        Args:
            events: their number.
            completed: how much of the total that is, if not the number of events.
        """
        done = events if completed is None else completed
        if self._shown is not None and time.monotonic() >= self._hidden_until:
            self._shown.update(events, done, self._afterwards if done >= self._total else None)
            self._shown.progress.start()

    def leave_out(self) -> None:
        """Show nothing from now on."""
        self.hide()
        self._shown = None

    def hide(self) -> None:
        """Hide the progress for a while."""
        if self._shown is not None and self._shown.progress.live.is_started:
            self._shown.progress.stop()
            self._hidden_until = time.monotonic() + _HIDDEN_SECONDS


class _Shown:
    def __init__(self, columns: list[ProgressColumn], total: int | None, done: str = "") -> None:
        from rich.console import Console
        from rich.progress import Progress, TextColumn

        self.progress: Progress = Progress(
            TextColumn("{task.description}"),
            *columns,
            console=Console(stderr=True, **console_options(sys.stderr)),
            transient=True,
            # The output of a command must not be redirected to the console of the bar.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task: TaskID = self.progress.add_task("", total=total)
        self._done = done
        self._began = time.monotonic()

    def update(self, events: int, completed: float, instead: str | None = None) -> None:
        speed = rate(events, max(time.monotonic() - self._began, 0.001))
        self.progress.update(
            self._task, completed=completed, description=instead or f"{counted(events, 'event')}{self._done}, {speed}"
        )
