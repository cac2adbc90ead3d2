"""Progress on stderr, where that is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from esjournal.interchange.files import Files


@contextmanager
def reading_progress(files: Files, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show how many events were read, how fast, and how long the files will take by the bytes that are left of them.

    Args:
        files: what is being read.
        quiet: show nothing.

    Returns:
        What is to be told, again and again, how many events were read.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda events: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

    columns: list[ProgressColumn] = [TextColumn("{task.fields[events]} events, {task.fields[rate]}/s")]
    if files.size is not None:
        columns += [BarColumn(), DownloadColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("import", total=files.size, events=0, rate=0)
        began = time.monotonic()

        def show(events: int) -> None:
            rate = round(events / max(time.monotonic() - began, 0.001))
            progress.update(task, completed=files.bytes_read(), events=f"{events:,}", rate=f"{rate:,}")

        yield show
