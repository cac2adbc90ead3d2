"""`esjournal history`: what it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

import typer

from esjournal.cli.exits import NOTHING_FOUND, fail, say
from esjournal.cli.options import checked, checked_part
from esjournal.cli.pager import paged
from esjournal.cli.rendering.history import print_history, print_net_change
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.selectionoptions import as_of_option
from esjournal.cli.times import time_of
from esjournal.domain.choices import LinesFormat
from esjournal.domain.model import rules
from esjournal.domain.model.sequencenames import shown_id
from esjournal.domain.state import paths
from esjournal.domain.state.paths import Path
from esjournal.domain.text import counted, number
from esjournal.journal.abbreviation import find_sequence
from esjournal.journal.inspect import history
from esjournal.journal.inspect.history import NetChange, Step
from esjournal.journal.read.criteria import position_as_of
from esjournal.journal.temporary import open_to_read


def run(
    url: str,
    *,
    originator_id: str,
    as_of: str | None,
    at_version: str | None,
    from_version: str | None,
    at_time: str | None,
    field: str | None,
    output_format: LinesFormat,
    no_pager: bool,
    utc: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.history`."""
    part = checked_part(originator_id, url)
    read_as_of = None if as_of is None else as_of_option(as_of)
    version = None if at_version is None else checked(rules.originator_version, at_version)
    at = None if at_time is None else time_of(at_time, latest=True)
    path = None if field is None else checked(paths.path, field)
    from_ = None if from_version is None else checked(rules.originator_version, from_version)
    if from_ is not None and version is not None and from_ >= version:
        raise typer.BadParameter(f"--from-version is {from_} and --at-version {version}: nothing is between them.")

    read = unfolded = recorded_later = 0

    def noted(steps: Iterable[Step]) -> Iterator[Step]:
        nonlocal read, unfolded, recorded_later
        for step in steps:
            read += 1
            unfolded += step.changes is None
            recorded_later += at is not None and (step.event.recorded_at or at) > at
            yield step

    with open_to_read(url) as journal:
        sequence = find_sequence(journal, part)
        position = None if read_as_of is None else position_as_of(journal, read_as_of)
        if from_ is not None:
            events = history.events_by_then(journal, sequence, at_version=version, at_time=at, as_of=position)
            net = history.net_change(events, from_)
            _show_net_change(net, from_, path, output_format, sequence, no_pager=no_pager)
            return
        steps = noted(history.history(journal, sequence, at_version=version, at_time=at, as_of=position))
        shown = iter(steps if path is None else history.setting(steps, path))
        first = next(shown, None)
        if first is not None:
            with paged(not no_pager) as paging:
                print_history(chain([first], shown), output_format, Clock(utc=utc), paging, field=path)
        opaque = f"{number(unfolded)} of {counted(read, 'event')} cannot be folded: only JSON objects can"
        if first is None:
            what = f"has no events that {'match' if path is None else f'set {paths.path_text(path)}'}"
            if not read and not journal.events.get_items(sequence, limit=1):
                what = "is not in this journal"
            which = f"sequence {shown_id(sequence)} {what}{f'; {opaque}' if unfolded else ''}"
            fail(f"nothing found: {which}", NOTHING_FOUND)
    if unfolded:
        say(opaque)
    if recorded_later:
        say(
            f"{number(recorded_later)} of {counted(read, 'event')} {'was' if recorded_later == 1 else 'were'} recorded "
            f"after {at}, and included because a later version was recorded by then: a clock was set back"
        )


def _show_net_change(
    change: NetChange | None,
    from_version: int,
    field: Path | None,
    output_format: LinesFormat,
    sequence: str,
    *,
    no_pager: bool,
) -> None:
    if change is None:
        fail(f"nothing found: sequence {shown_id(sequence)} has no events after version {from_version}", NOTHING_FOUND)
    of_field = change if field is None else replace(change, changes=change.changes.of(field))
    with paged(not no_pager) as paging:
        print_net_change(of_field, from_version, output_format, paging)
    if change.unfolded:
        say(f"{counted(change.unfolded, 'event')} cannot be folded: only JSON objects can")
