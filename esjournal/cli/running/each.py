"""`esjournal each`: what it does."""

from __future__ import annotations

from time import sleep

import typer

from esjournal.advice import command as shown_command
from esjournal.cli.exits import COMMAND_FAILED, INTERRUPTED, fail, say
from esjournal.cli.handler import Handler, check_command
from esjournal.cli.running.following import new_events, say_waiting
from esjournal.cli.selectionoptions import SelectionOptions
from esjournal.cli.signals import end_if_terminated, interruption_postponed, interruption_repeated
from esjournal.domain.choices import FileFormat
from esjournal.domain.text import counted, elapsed
from esjournal.interchange import ndjson
from esjournal.interchange.appendedfiles import append_lines
from esjournal.interchange.formats import compression_by_name, format_of, is_file_of_events
from esjournal.interchange.outputfiles import is_stream
from esjournal.journal import cursorlock
from esjournal.journal.cursor import cursor_at, position_after, save_cursor
from esjournal.journal.journal import Journal
from esjournal.journal.read.deliveries import Delivery, deliveries
from esjournal.journal.read.follow import read_on
from esjournal.journal.read.pages import Page
from esjournal.journal.read.selection import Selection
from esjournal.journal.temporary import open_to_read
from esjournal.journal.transfer import overlap

# Seconds before a command that failed is tried again: the first time, and at most; each is twice the one before.
_FIRST_PAUSE, _LONGEST_PAUSE = 1, 60


def run(
    url: str,
    *,
    command: list[str],
    cursor_file: str,
    selection: SelectionOptions,
    follow: bool,
    batch: int,
    retries: int,
    failed: str | None,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.each`."""
    criteria = selection.criteria(url)
    if follow and is_file_of_events(url):
        raise typer.BadParameter(f"{url} is a file, and --follow follows journals: import it into one.")
    if failed is not None:
        _check_failed(failed)
    overlap.keep_apart(
        overlap.journal("the journal", url),
        overlap.written("--cursor-file", cursor_file),
        overlap.written("the lock of --cursor-file", cursorlock.lock_file_of(cursor_file)),
        overlap.written("--failed", failed),
    )
    check_command(command[0])
    # A consumer ends with Ctrl-C or SIGTERM, and must not miss it.
    with interruption_repeated(), open_to_read(url) as journal, cursorlock.held(cursor_file) as lock:
        wanted = criteria.in_journal(journal)
        consumer = _Consumer(Handler(command, lock), cursor_file, retries, failed)
        try:
            consumer.run(journal, wanted, follow=follow, size=batch)
        except KeyboardInterrupt:
            end_if_terminated()
            # This is how a consumer is meant to end.
            raise typer.Exit(INTERRUPTED) from None
    if consumer.put_aside:
        again = shown_command("each", "--cursor-file", f"{failed}.cursor", "--", "COMMAND", url=failed)
        fail(f"{counted(consumer.put_aside, 'event is', 'events are')} in {failed}: {again} reads it", COMMAND_FAILED)


class _Consumer:
    """Hands events to a command, and moves the cursor; `put_aside` counts the events that the command did not handle.

    Args:
        handler: the command.
        cursor_file: the file of the cursor.
        retries: how often the command is tried again.
        failed: the file for events that it does not handle; without it, the first one ends the program.
    """

    def __init__(self, handler: Handler, cursor_file: str, retries: int, failed: str | None) -> None:
        self._handler = handler
        self._cursor_file = cursor_file
        self._retries = retries
        self._failed = failed
        self.put_aside = 0

    def run(self, journal: Journal, selection: Selection, *, follow: bool, size: int) -> None:
        begin = position_after(journal, self._cursor_file, on_behind=say_waiting if follow else None)
        # Written at once, to fail early if it cannot be.
        save_cursor(self._cursor_file, cursor_at(journal, begin))
        coming = new_events if follow else read_on
        for delivery in deliveries(journal, coming(journal, selection, after=begin), size=size):
            if delivery.events:
                self._deliver(delivery)
            else:
                with interruption_postponed():
                    save_cursor(self._cursor_file, delivery.cursor)

    def _deliver(self, delivery: Delivery) -> None:
        lines = ndjson.lines_of(delivery.events).encode()
        pause = _FIRST_PAUSE
        for tries in range(1, self._retries + 2):
            # The command ends before this program does. If it has handled the events, they must not come again.
            with interruption_postponed(again=self._handler.end):
                failure = self._handler.run(lines)
                if failure is None:
                    save_cursor(self._cursor_file, delivery.cursor)
                    return
            what = f"{_places(delivery.events)}: {self._handler.name} {failure}"
            if tries <= self._retries:
                say(f"{what}; trying again in {elapsed(pause)}")
                sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        if self._retries:
            what += f" at the last of {self._retries + 1} tries"
        if self._failed is None:
            fail(
                f"{what}; {self._cursor_file} stays before it: run the same command again, or add --failed FILE to "
                f"put such events aside",
                COMMAND_FAILED,
            )
        with interruption_postponed():
            append_lines(self._failed, lines)
            save_cursor(self._cursor_file, delivery.cursor)
            self.put_aside += len(delivery.events)
        say(f"{what}; put into {self._failed}")


def _places(events: Page) -> str:
    (*_, first), (*_, last) = events[0], events[-1]
    if first == last:
        return f"global position {first}"
    return f"global positions {first} to {last} ({counted(len(events), 'event')})"


def _check_failed(path: str) -> None:
    is_ndjson = is_file_of_events(path) and format_of(path) is FileFormat.NDJSON
    if not is_ndjson or compression_by_name(path) is not None:
        raise typer.BadParameter(
            f"--failed writes NDJSON, and {path} would be read as something else: name an .ndjson file."
        )
    if is_stream(path):
        raise typer.BadParameter(f"--failed needs a file, to keep events on the disk, and {path} is a stream.")
