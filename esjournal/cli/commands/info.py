"""`esjournal info`."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from dataclasses import asdict
from typing import Annotated

import typer

from esjournal.cli.options import AnswerFormat, LayoutOption, TableOption, UrlOption, url_of
from esjournal.cli.terminal import on_one_line, write


def info(
    context: typer.Context,
    output_format: Annotated[AnswerFormat, typer.Option("--format", "-F", help="How to print.")] = AnswerFormat.TABLE,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Show what journal this is, what is in it, and what it runs on.

    Warnings say what could lose events, and what to do about it.

    \b
    Examples:
      esjournal info
      esjournal --url events.ndjson.gz info
      esjournal info --format json | jq .events
    """
    from esjournal.journal.describing import describe
    from esjournal.journal.files import open_to_read

    with open_to_read(url_of(context, url, layout, table)) as journal:
        description = describe(journal)
    if output_format is AnswerFormat.JSON:
        write(json.dumps(asdict(description), ensure_ascii=False, indent=2) + "\n")
        return
    rows = [
        ("url", description.url),
        ("journal id", description.journal_id),
        ("made at", description.made_at),
        ("schema version", description.schema_version),
        ("events", description.events),
        ("sequences", description.sequences),
        ("last global position", description.last_global_position),
        ("size", None if description.bytes is None else f"{description.bytes / 1_000_000:.1f} MB"),
        ("esjournal", description.esjournal),
        ("Python", description.python),
        ("SQLAlchemy", description.sqlalchemy),
        ("driver", description.driver),
        ("server", description.server),
        *(("warning", warning) for warning in description.warnings),
    ]
    width = max(len(name) for name, _ in rows) + 2
    for name, value in rows:
        if value is not None:
            write(_folded(f"{name:<{width}}{on_one_line(str(value))}", width) + "\n")


def _folded(line: str, indent: int) -> str:
    if not sys.stdout.isatty():
        return line
    columns = shutil.get_terminal_size().columns
    return textwrap.fill(line, columns, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
