"""`esjournal list`: what it does."""

from __future__ import annotations

from itertools import chain

from esjournal.cli.exits import NOTHING_FOUND, fail
from esjournal.cli.options import check_csv_safe, checked
from esjournal.cli.pager import paged
from esjournal.cli.rendering.log import SHORT_ID
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.schemas import DAY, Column, schemas_view, time_in_cell
from esjournal.cli.rendering.sequences import print_sequences
from esjournal.cli.running.schemas import check_all_schemas, show_each_schema
from esjournal.cli.selectionoptions import SelectionOptions
from esjournal.domain.choices import OutputFormat, SequenceOrder
from esjournal.domain.model import rules
from esjournal.domain.model.typepatterns import Patterns
from esjournal.domain.text import number
from esjournal.journal.inspect.schemas import Summary, summary
from esjournal.journal.inspect.sequences import list_sequences
from esjournal.journal.journal import open_journal
from esjournal.journal.read.criteria import WHOLE, Slice
from esjournal.journal.temporary import open_to_count


def run(
    url: str,
    *,
    prefix: str,
    names: list[str] | None,
    types: list[str] | None,
    selection: SelectionOptions,
    after: int | None,
    sort: SequenceOrder,
    limit: int | None,
    schemas: bool,
    output_format: OutputFormat,
    csv_safe: bool,
    no_pager: bool,
    utc: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.list_`."""
    clock = Clock(utc=utc)
    if schemas:
        selects = bool(prefix or types or after or limit is not None) or selection != SelectionOptions()
        sorts = sort is not SequenceOrder.ID
        others = (("the options that select sequences", selects), ("--sort", sorts), ("--csv-safe", csv_safe))
        check_all_schemas("--schemas", url, output_format, *others)
        _list_journals(url, output_format, clock)
        return
    check_csv_safe(csv_safe, csv=output_format is OutputFormat.CSV)

    start = checked(rules.originator_id_start, prefix) if prefix else ""

    part = Slice(selection.criteria(url), after=after or 0)
    if selection == SelectionOptions(names=names) and not after:
        # The database chooses sequences by their names.
        part = WHOLE
    with open_to_count(url, part) as journal:
        found = list_sequences(
            journal,
            prefix=start,
            names=Patterns(names or ()),
            types=Patterns(types or ()),
            order=sort,
            limit=limit,
        )
        first = next(found, None)
        if first is None:
            fail(f"nothing found: {journal.shown_url} has no sequences that match", NOTHING_FOUND)
        named = journal.events.has_names
        with paged(not no_pager, has_header=output_format is OutputFormat.TABLE):
            print_sequences(chain([first], found), output_format, clock, csv_safe=csv_safe, named=named)


def _list_journals(url: str, output_format: OutputFormat, clock: Clock) -> None:
    def summary_of(address: str) -> Summary:
        with open_journal(address) as journal:
            return summary(journal)

    columns: list[Column[Summary]] = [
        Column("journal id", lambda found: found.journal_id, most=SHORT_ID),
        Column("events", lambda found: number(found.events), is_number=True),
        Column("first recorded", lambda found: time_in_cell(found.first_recorded_at, clock), most=DAY),
        Column("last recorded", lambda found: time_in_cell(found.last_recorded_at, clock), most=DAY),
    ]
    view = schemas_view(columns, as_table=output_format is OutputFormat.TABLE)
    show_each_schema(url, view, summary_of)
