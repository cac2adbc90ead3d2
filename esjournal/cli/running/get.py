"""`esjournal get`: what it does."""

from __future__ import annotations

from itertools import chain

from esjournal.cli.exits import NOTHING_FOUND, fail
from esjournal.cli.options import check_csv_safe, checked, checked_part
from esjournal.cli.pager import paged
from esjournal.cli.rendering.events import print_events
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.selectionoptions import as_of_option
from esjournal.domain.choices import OutputFormat
from esjournal.domain.model import rules
from esjournal.domain.model.sequencenames import shown_id
from esjournal.domain.model.typepatterns import Patterns
from esjournal.journal.abbreviation import find_sequence
from esjournal.journal.read.criteria import position_as_of
from esjournal.journal.read.pages import read_sequence
from esjournal.journal.temporary import open_to_read


def run(
    url: str,
    *,
    originator_id: str,
    as_of: str | None,
    gt: str | None,
    gte: str | None,
    lt: str | None,
    lte: str | None,
    limit: int | None,
    reverse: bool,
    types: list[str] | None,
    output_format: OutputFormat,
    csv_safe: bool,
    expanded: bool,
    no_pager: bool,
    utc: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.get`."""
    check_csv_safe(csv_safe, csv=output_format is OutputFormat.CSV)

    part = checked_part(originator_id, url)
    read_as_of = None if as_of is None else as_of_option(as_of)
    bounds = {
        name: None if text is None else checked(rules.originator_version, text)
        for name, text in (("gt", gt), ("gte", gte), ("lt", lt), ("lte", lte))
    }

    with open_to_read(url) as journal:
        sequence = find_sequence(journal, part)
        position = None if read_as_of is None else position_as_of(journal, read_as_of)
        patterns = Patterns(types or ())
        events = read_sequence(
            journal, sequence, **bounds, limit=limit, reverse=reverse, types=patterns, as_of=position
        )
        added = journal.events.fields_in_use() if output_format is OutputFormat.CSV else ()
        first = next(events, None)
        if first is None:
            exists = bool(journal.events.get_items(sequence, limit=1))
            what = "has no events that match" if exists else "is not in this journal"
            fail(f"nothing found: sequence {shown_id(sequence)} {what}", NOTHING_FOUND)
        with paged(not no_pager):
            print_events(
                chain([first], events),
                output_format,
                gaps=not types,
                csv_safe=csv_safe,
                clock=Clock(utc=utc),
                added=added,
                expanded=expanded,
            )
