"""`esjournal init`: what it does."""

from __future__ import annotations

import typer

from esjournal.cli.exits import say
from esjournal.journal.journal import initialise, schema_sql


def run(url: str, *, schema: str | None, protect: bool, sql: bool) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.init`."""
    if sql:
        typer.echo(schema_sql(url, schema=schema, protect=protect), nl=False)
        return
    made = initialise(url, schema=schema, protect=protect)
    if made.created:
        say(f"made the journal {made.journal_id} in {made.shown_url}")
    elif made.marked:
        say(
            f"the journal {made.journal_id} in {made.shown_url} was not marked as a journal, like a file made from "
            f"sqlite3's .dump, and is marked now"
        )
    elif made.upgraded_from is not None:
        say(
            f"the journal {made.journal_id} in {made.shown_url} had schema version {made.upgraded_from}, and is "
            f"upgraded: its events are as they were"
        )
    elif made.completed:
        say(f"the journal {made.journal_id} in {made.shown_url} was made by an earlier esjournal, and is complete now")
    elif not made.protected:
        say(f"the journal {made.journal_id} is in {made.shown_url} already; nothing to do")
    if made.protected:
        say(f"the journal {made.journal_id} is protected: {made.shown_url} refuses to change or delete its events")
