"""`esjournal trace`: what it does."""

from __future__ import annotations

from esjournal.cli.exits import NOTHING_FOUND, fail
from esjournal.cli.pager import paged
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.trace import print_trace
from esjournal.domain.choices import LinesFormat
from esjournal.domain.text import shortened
from esjournal.journal.inspect.trace import trace
from esjournal.journal.temporary import open_to_read


def run(url: str, *, event: str, output_format: LinesFormat, no_pager: bool, utc: bool) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.trace`."""
    with open_to_read(url) as journal:
        traced = trace(journal, event)
        if not traced:
            fail(f"nothing found: {journal.shown_url} has no event or correlation {shortened(event)}", NOTHING_FOUND)
        with paged(not no_pager) as paging:
            print_trace(traced, output_format, Clock(utc=utc), paging)
