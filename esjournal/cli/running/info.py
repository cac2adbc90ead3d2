"""`esjournal info`: what it does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from esjournal.advice import quoted
from esjournal.cli.options import names_layout
from esjournal.cli.rendering.facts import print_facts
from esjournal.cli.rendering.jsonanswers import print_json
from esjournal.cli.rendering.log import SHORT_ID
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.schemas import Column, schemas_view
from esjournal.cli.running.schemas import check_all_schemas, show_each_schema
from esjournal.domain.choices import LinesFormat
from esjournal.domain.text import number, size
from esjournal.exceptions import NotADatabase, NotAJournal, NotInitialised
from esjournal.infrastructure.sqlalchemy.layouts.detection import Recognised
from esjournal.journal.inspect.info import Description, describe, recognise
from esjournal.journal.temporary import open_to_read


def run(url: str, *, all_schemas: bool, output_format: LinesFormat, utc: bool) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.info`."""
    if all_schemas:
        check_all_schemas("--all-schemas", url, output_format)
        _show_all_schemas(url, output_format)
        return
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
    if output_format is not LinesFormat.TABLE:
        print_json(_members(description), indented=output_format is LinesFormat.JSON)
        return
    rows = [
        ("url", description.url),
        ("layout", description.layout),
        ("table", description.table),
        ("journal id", description.journal_id),
        *(("continues", f"{each.journal_id} up to {each.position_there}") for each in description.continues),
        ("made at", _time_text(description.made_at, Clock(utc=utc))),
        ("schema version", description.schema_version),
        ("protected", None if description.protected is None else _yes_or_no(description.protected)),
        ("events", number(description.events)),
        ("sequences", number(description.sequences)),
        ("last global position", description.last_global_position),
        ("size", None if description.bytes is None else size(description.bytes)),
        ("esjournal", description.esjournal),
        ("Python", description.python),
        ("SQLAlchemy", description.sqlalchemy),
        ("driver", description.driver),
        ("server", description.server),
    ]
    print_facts(rows, description.warnings)


def _show_all_schemas(url: str, output_format: LinesFormat) -> None:
    def description_of(address: str) -> Description:
        with open_to_read(address) as journal:
            return describe(journal)

    columns: list[Column[Description]] = [
        Column("journal id", lambda found: str(found.journal_id), most=SHORT_ID),
        Column("version", lambda found: str(found.schema_version), is_number=True),
        Column("protected", lambda found: _yes_or_no(found.protected)),
        Column("events", lambda found: number(found.events), is_number=True),
        Column("sequences", lambda found: number(found.sequences), is_number=True),
        Column("size", lambda found: size(found.bytes or 0), is_number=True),
        Column("warnings", lambda found: number(len(found.warnings)), is_number=True),
    ]
    view = schemas_view(columns, as_table=output_format is LinesFormat.TABLE, fields=_members)
    show_each_schema(url, view, description_of)


def _members(description: Description) -> dict[str, Any]:
    """Return the members of a JSON answer, in which a warning is a text."""
    return {**asdict(description), "warnings": [warning.text for warning in description.warnings]}


def _time_text(time: str | None, clock: Clock) -> str | None:
    return time if time is None or not sys.stdout.isatty() else clock.time(time)


def _yes_or_no(protected: bool | None) -> str:
    return "yes" if protected else "no"


def _print_layouts(shown_url: str, found: Sequence[Recognised], output_format: LinesFormat) -> None:
    if output_format is not LinesFormat.TABLE:
        layouts = [{"layout": each.layout.name, "schema": each.schema, "table": each.table} for each in found]
        print_json({"url": shown_url, "layouts": layouts}, indented=output_format is LinesFormat.JSON)
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
