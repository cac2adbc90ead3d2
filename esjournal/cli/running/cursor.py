"""`esjournal cursor`: what it does."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from esjournal.cli.exits import FINDINGS, fail
from esjournal.cli.rendering.facts import print_facts
from esjournal.cli.rendering.jsonanswers import print_json
from esjournal.domain.choices import AnswerFormat
from esjournal.domain.text import elapsed, number
from esjournal.journal.inspect.lag import lag
from esjournal.journal.temporary import open_to_read


def run(url: str, *, path: str, output_format: AnswerFormat) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.cursor`."""
    with open_to_read(url) as journal:
        found = lag(journal, path, now=datetime.now(UTC))
    if output_format is AnswerFormat.JSON:
        print_json(asdict(found), indented=True)
    else:
        print_facts(
            [
                ("cursor file", found.cursor_file),
                ("url", found.url),
                ("journal id", found.journal_id),
                ("global position", found.global_position),
                ("last global position", found.last_global_position),
                ("events behind", None if found.events_behind is None else number(found.events_behind)),
                ("time behind", None if found.seconds_behind is None else elapsed(found.seconds_behind)),
                ("fits", "no" if found.misfit else "yes"),
            ]
        )
    if found.misfit is not None:
        fail(found.misfit, FINDINGS)
