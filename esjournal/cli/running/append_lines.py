"""`esjournal append -`: what it does. On its own, so that appending one event does not load the reader of lines."""

from __future__ import annotations

import typer

from esjournal.cli.exits import say
from esjournal.cli.options import names_layout
from esjournal.cli.running.append import MOST_BYTES, append_events, print_stored
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name
from esjournal.interchange import ndjson
from esjournal.interchange.bytestreams import byte_stream
from esjournal.interchange.formats import STANDARD_STREAM
from esjournal.journal.journal import open_journal


def run(url: str, *, has_more_arguments: bool, if_absent: bool) -> None:
    """Append all events of standard input, or none."""
    check_arguments(url, has_more_arguments=has_more_arguments)
    events: list[RecordedEvent] = []
    with byte_stream(STANDARD_STREAM, line_limit=MOST_BYTES, limit=MOST_BYTES) as stdin:
        for batch in ndjson.read(stdin):
            if batch.bad:
                raise batch.bad[0]
            events += batch.events
    with open_journal(url) as journal:
        positions = append_events(journal, events, if_absent)
    print_stored(*positions)
    if not events:
        say("standard input had no events; nothing was appended")


def check_arguments(url: str, *, has_more_arguments: bool) -> None:
    """Refuse arguments and options that say something about one event, if lines are to be read.

    Raises:
        typer.BadParameter: there are any.
    """
    if has_more_arguments:
        named = f" A sequence whose name is - is written as its id, {id_of_name('-')}." if names_layout(url) else ""
        raise typer.BadParameter(
            f"`append -` reads whole events from stdin: give nothing else, and write metadata into the lines.{named}"
        )
