"""`esjournal replay`: what it does."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NoReturn, TypeVar, cast

import typer

from esjournal.cli.exits import FINDINGS, NOTHING_FOUND, fail, say
from esjournal.cli.options import check_csv_safe, checked
from esjournal.cli.pager import Paging
from esjournal.cli.progress import EventsProgress
from esjournal.cli.rendering.history import print_history
from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.replay import print_found, print_one_state, print_states, write_states
from esjournal.cli.running.parquetoutput import check_parquet
from esjournal.cli.selectionoptions import SelectionOptions
from esjournal.cli.times import time_of
from esjournal.cli.usermodules import code_of
from esjournal.domain.choices import FileFormat, LinesFormat, OutputFormat
from esjournal.domain.folding import Folding, folding_by
from esjournal.domain.model import rules
from esjournal.domain.model.replayedevent import ReplayedEvent
from esjournal.domain.model.sequencenames import shown_id
from esjournal.domain.text import counted, duration, number, rate, shortened
from esjournal.interchange.formats import STANDARD_STREAM, delimiter_by_name, format_of
from esjournal.interchange.outputfiles import sink
from esjournal.journal.inspect.history import Step
from esjournal.journal.inspect.replay import Part, Replay, Replayed, replay_sequence
from esjournal.journal.journal import Journal
from esjournal.journal.temporary import open_to_read
from esjournal.journal.transfer import overlap

Item = TypeVar("Item")


def run(
    url: str,
    *,
    code: str,
    expect: str | None,
    against: str | None,
    as_one: bool,
    at_version: str | None,
    at_time: str | None,
    selection: SelectionOptions,
    after: int | None,
    output_format: OutputFormat,
    path: str | None,
    csv_safe: bool,
    quiet: bool,
    utc: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.replay`."""
    is_csv = output_format is OutputFormat.CSV if path is None else format_of(path) is FileFormat.CSV
    check_csv_safe(csv_safe, csv=is_csv)
    _check_output(output_format, path, as_one=as_one, finds=expect is not None or against is not None)
    if expect is not None and against is not None:
        raise typer.BadParameter("--expect and --against are two questions: ask one of them.")
    criteria = selection.criteria(url)
    clock = Clock(utc=utc)
    version = None if at_version is None else checked(rules.originator_version, at_version)
    at = None if at_time is None else time_of(at_time, latest=True)
    folding = _folding("--with", code, url)
    other = None if against is None else _folding("--against", against, url)
    rule = None if expect is None else _rule(expect, "--expect")
    is_history = (
        len(criteria.sequences) == 1
        and not (after or as_one or rule or other or path)
        and selection == SelectionOptions(originator_ids=selection.originator_ids, as_of=selection.as_of)
        and output_format is not OutputFormat.CSV
    )
    if at is not None and not is_history:
        raise typer.BadParameter(
            "--at-time is for one sequence whose changes are shown: leave it out, or use --at-version."
        )

    overlap.keep_apart(overlap.journal("the journal", url), overlap.written("-o", path))
    with open_to_read(url) as journal:
        wanted = criteria.in_journal(journal)
        if is_history:
            [sequence] = wanted.originator_ids
            as_of = wanted.last_position
            changes = replay_sequence(journal, folding, sequence, at_version=version, at_time=at, as_of=as_of)
            _show_history(journal, changes, sequence, LinesFormat(output_format), clock)
            return
        part = Part(wanted, after=after or 0, at_version=version, as_one=as_one)
        with EventsProgress(1, "all are replayed", quiet=quiet) as progress:
            replay = Replay(journal, folding, part, on_progress=progress.show)
            if rule is not None:
                steps = replay.breaking(rule, "--expect")
            elif other is not None:
                steps = replay.partings(other)
            else:
                steps = None
            if steps is not None:
                verdict = "parted" if rule is None else "broke the rule"
                _show_found(journal, replay, _hiding(progress, steps), output_format, clock, verdict, quiet=quiet)
            else:
                states = _some(journal, _hiding(progress, replay.states()))
                if path is not None:
                    _write(states, path, csv_safe=csv_safe, quiet=quiet)
                elif as_one:
                    print_one_state(next(states), output_format)
                else:
                    print_states(states, output_format, csv_safe=csv_safe, named=journal.events.has_names)


def _check_output(output_format: OutputFormat, path: str | None, *, as_one: bool, finds: bool) -> None:
    if output_format is OutputFormat.CSV and (as_one or finds):
        raise typer.BadParameter("CSV has a row for each sequence: leave out --format csv, or use --format ndjson.")
    if path is None:
        return
    if output_format is not OutputFormat.TABLE:
        raise typer.BadParameter("the name of the file says its format: leave out --format, or -o.")
    if as_one or finds:
        raise typer.BadParameter("-o writes a row for each sequence: leave it out, and use --format ndjson.")
    if format_of(path) is FileFormat.PARQUET:
        check_parquet(path)


def _folding(option: str, text: str, url: str) -> Folding:
    code = code_of(option, text, url)
    if isinstance(code, type) and not callable(getattr(code, "apply", None)):
        raise typer.BadParameter(f"{option} {shortened(text)} is a class without a method `apply`: add it.")
    return folding_by(code, text)


def _rule(expression: str, option: str) -> Callable[[Any, ReplayedEvent], Any]:
    try:
        compile(expression.strip(), "<expression>", "eval")
        # In a function, so that comprehensions see the two names as well.
        code = compile(f"lambda state, event: (\n{expression.strip()}\n)", "<expression>", "eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else error
        raise typer.BadParameter(f"{option} {shortened(expression)} is not a Python expression: {reason}.") from None
    return cast("Callable[[Any, ReplayedEvent], Any]", eval(code, {}))


def _show_history(
    journal: Journal, steps: Iterator[Step], sequence: str, output_format: LinesFormat, clock: Clock
) -> None:
    first = next(steps, None)
    if first is None:
        what = "has no events that match" if journal.events.get_items(sequence, limit=1) else "is not in this journal"
        fail(f"nothing found: sequence {shown_id(sequence)} {what}", NOTHING_FOUND)
    print_history(chain([first], steps), output_format, clock, Paging(), field=None)


def _some(journal: Journal, states: Iterator[Replayed]) -> Iterator[Replayed]:
    first = next(states, None)
    if first is None:
        _fail_without_events(journal)
    return chain([first], states)


def _fail_without_events(journal: Journal) -> NoReturn:
    fail(f"nothing found: {journal.shown_url} has no events that match", NOTHING_FOUND)


def _hiding(progress: EventsProgress, items: Iterable[Item]) -> Iterator[Item]:
    """Yield items that are printed, which on one terminal would get mixed up with the progress."""
    for item in items:
        progress.hide()
        yield item
    # The totals follow.
    progress.hide()


def _write(states: Iterator[Replayed], path: str, *, csv_safe: bool, quiet: bool) -> None:
    with sink(path) as stream:
        count = write_states(states, stream, format_of(path), delimiter=delimiter_by_name(path), csv_safe=csv_safe)
    if path != STANDARD_STREAM and not quiet:
        say(f"wrote {counted(count, 'state')} to {path}")


def _show_found(
    journal: Journal,
    replay: Replay,
    steps: Iterator[Step],
    output_format: OutputFormat,
    clock: Clock,
    verdict: str,
    *,
    quiet: bool,
) -> None:
    began = time.monotonic()
    found = print_found(steps, output_format, clock)
    if not replay.events:
        _fail_without_events(journal)
    if not quiet:
        # If stdout and stderr are the same file, the events come before the totals.
        sys.stdout.flush()
        seconds = time.monotonic() - began
        say(
            f"{counted(replay.events, 'event')} replayed, {duration(seconds)}, {rate(replay.events, seconds)}: "
            f"{number(found)} of {counted(replay.sequences, 'sequence')} {verdict}"
        )
    if found:
        raise typer.Exit(FINDINGS)
