"""`esjournal info`: what it does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from urllib.parse import quote

from esjournal.advice import quoted
from esjournal.cli.options import names_layout
from esjournal.cli.rendering.facts import print_facts
from esjournal.cli.terminal import write
from esjournal.domain.choices import AnswerFormat
from esjournal.domain.text import number, size
from esjournal.exceptions import NotADatabase, NotAJournal, NotInitialised
from esjournal.infrastructure.sqlalchemy.layouts.detection import Recognised
from esjournal.journal.inspect.info import describe, recognise
from esjournal.journal.temporary import open_to_read


def run(url: str, *, output_format: AnswerFormat) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.info`."""
    try:
        with open_to_read(url) as journal:
            description = describe(journal)
    except NotADatabase:
        raise
    except (NotAJournal, NotInitialised):
        shown_url, found = ("", []) if names_layout(url) else recognise(url)
        if not found:
            raise
        _print_layouts(shown_url, found, output_format)
        return
    if output_format is AnswerFormat.JSON:
        write(json.dumps(asdict(description), ensure_ascii=False, indent=2) + "\n")
        return
    rows = [
        ("url", description.url),
        ("layout", description.layout),
        ("table", description.table),
        ("journal id", description.journal_id),
        *(("continues", f"{each.journal_id} up to {each.position_there}") for each in description.continues),
        ("made at", description.made_at),
        ("schema version", description.schema_version),
        ("protected", None if description.protected is None else "yes" if description.protected else "no"),
        ("events", number(description.events)),
        ("sequences", number(description.sequences)),
        ("last global position", description.last_global_position),
        ("size", None if description.bytes is None else size(description.bytes)),
        ("esjournal", description.esjournal),
        ("Python", description.python),
        ("SQLAlchemy", description.sqlalchemy),
        ("driver", description.driver),
        ("server", description.server),
        *(("warning", warning) for warning in description.warnings),
    ]
    print_facts(rows)


def _print_layouts(shown_url: str, found: Sequence[Recognised], output_format: AnswerFormat) -> None:
    if output_format is AnswerFormat.JSON:
        layouts = [{"layout": each.layout.name, "schema": each.schema, "table": each.table} for each in found]
        write(json.dumps({"url": shown_url, "layouts": layouts}, ensure_ascii=False, indent=2) + "\n")
        return
    rows = [(each.layout.library, _naming(each)) for each in found]
    print_facts([("url", shown_url), ("journal", "none"), *rows])


def _naming(found: Recognised) -> str:
    """Return the options that select a table, quoted for a shell, and what has to be in the URL."""
    options = f"--layout {found.layout.name}"
    parameters = []
    if found.table != found.layout.table:
        if found.table.isprintable():
            options += f" --table {quoted(found.table)}"
        else:
            # A name with control characters cannot be shown, and could not be pasted.
            parameters.append(f"layout={found.layout.name}&table={quote(found.table, safe='')}")
            options = ""
    if not found.is_found:
        parameters.insert(0, f"schema={quote(found.schema or '', safe='')}")
    in_url = f"{'&'.join(parameters)} in the URL" if parameters else ""
    return ", and ".join(filter(None, (options, in_url)))
