"""What the commands that append many events have in common: their options, and what they say of the end."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from esjournal.cli.exits import BAD_DATA, CONFLICT, fail, fail_to_print, say
from esjournal.cli.options import checked
from esjournal.domain.choices import FileFormat
from esjournal.domain.text import counted, duration, number, rate
from esjournal.exceptions import InvalidData
from esjournal.interchange.formats import format_of

if TYPE_CHECKING:
    from esjournal.interchange.rejects import Problem
    from esjournal.journal.transfer.typechoice import TypeSelection
    from esjournal.journal.transfer.verdicts import ImportOutcome

MAX_COUNT = 2**63 - 1

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would happen, and write nothing.")]
CommitEveryOption = Annotated[
    int | None,
    typer.Option(
        "--commit-every",
        metavar="N",
        min=1,
        max=MAX_COUNT,
        help="Commit after every N events instead of once at the end.",
        show_default=False,
    ),
]
RejectsOption = Annotated[
    str | None,
    typer.Option(
        "--rejects",
        metavar="FILE",
        help="Write bad and conflicting events to FILE, import the rest.",
        show_default=False,
    ),
]
MaxRejectsOption = Annotated[
    int | None,
    typer.Option(
        "--max-rejects",
        metavar="N",
        min=0,
        max=MAX_COUNT,
        help="Give up if there are more than N rejects.",
        show_default=False,
    ),
]
RequireContiguousOption = Annotated[
    bool, typer.Option("--require-contiguous", help="Refuse an event that skips versions of its sequence.")
]
MapTypeOption = Annotated[
    list[str] | None,
    typer.Option("--map-type", metavar="OLD=NEW", help="Import type OLD as NEW; may be repeated.", show_default=False),
]
OnlyTypeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only-type",
        metavar="TYPE",
        help="Import only this type, or a pattern such as 'orders#*'; may be repeated.",
        show_default=False,
    ),
]
SkipTypeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--skip-type",
        metavar="TYPE",
        help="Skip this type, or a pattern such as 'orders#*'; may be repeated.",
        show_default=False,
    ),
]
SummaryOption = Annotated[
    str | None,
    typer.Option("--summary", metavar="FILE", help="Write the totals to FILE, as JSON.", show_default=False),
]


class TypeChoice(NamedTuple):
    """Which types are taken, and under which names: as `transfer.typechoice.TypeSelection` takes them."""

    new_types: Mapping[str, str]
    only_types: Collection[str]
    skipped_types: Collection[str]


class PuttingAside(NamedTuple):
    """Where rejects go: `take` takes one, and `lines` has those of the events that it took, in the order it did."""

    take: Callable[[Problem], None]
    lines: Sequence[int]


def check_options(
    *,
    dry_run: bool,
    commit_every: int | None,
    rejects: str | None,
    max_rejects: int | None,
    summary: str | None,
) -> None:
    """Refuse options that do not go together, and files that cannot be written later.

    Raises:
        typer.BadParameter: an option is not allowed.
    """
    if dry_run and commit_every is not None:
        raise typer.BadParameter("--dry-run commits nothing: leave out --commit-every.")
    if max_rejects is not None and rejects is None:
        raise typer.BadParameter("--max-rejects counts what goes to --rejects FILE: name one.")
    if rejects is not None and format_of(rejects) is not FileFormat.NDJSON:
        raise typer.BadParameter(f"--rejects {rejects}: rejects are NDJSON, name the file so.")
    if summary is not None:
        _check_summary(summary)


def _check_summary(summary: str) -> None:
    # When it is written, all else is done, and it is too late to learn of a misspelt folder.
    # Unlike resolve() and is_dir(), these raise nothing for a loop of links or a name that is too long.
    if not os.path.isdir(os.path.dirname(os.path.realpath(summary))):  # noqa: PTH112, PTH120
        raise typer.BadParameter(f"--summary {summary}: its folder is not there, make it first.")
    if os.path.isdir(summary):  # noqa: PTH112
        raise typer.BadParameter(f"--summary {summary}: that is a folder, name a file in it.")


def type_choice(map_type: list[str] | None, only_type: list[str] | None, skip_type: list[str] | None) -> TypeChoice:
    """Return what the three options about types say.

    Raises:
        typer.BadParameter: one of them is not allowed.
    """
    from esjournal.domain.model import rules
    from esjournal.domain.model.typepatterns import renaming

    new_types: dict[str, str] = {}
    for text in map_type or ():
        try:
            old, new = renaming(text)
        except InvalidData as error:
            raise typer.BadParameter(f"--map-type {error}.") from None
        if old in new_types:
            raise typer.BadParameter(f"--map-type gives {old!r} two new names: give one.")
        new_types[old] = new
    wanted, unwanted = ([checked(rules.event_type, text) for text in types or ()] for types in (only_type, skip_type))
    return TypeChoice(new_types, wanted, unwanted)


def say_unused(types: TypeSelection) -> None:
    """Warn of the rules about types that no event fitted, such as one with a misspelt type."""
    for rule in types.unused():
        say(f"warning: {rule} matched no event")


@contextmanager
def putting_aside(rejects: str | None) -> Iterator[PuttingAside | None]:
    """Give what takes rejects, or None where no file is named; the file gets its name at the end."""
    if rejects is None:
        yield None
        return
    from esjournal.interchange.outputfiles import sink
    from esjournal.interchange.rejects import reject_line

    lines = array("q")
    with sink(rejects) as stream:

        def put_aside(problem: Problem) -> None:
            # A file's name need not be UTF-8; what is not stands in JSON as an escape.
            stream.write(reject_line(problem).encode(errors="backslashreplace"))
            if problem.event is not None:
                lines.append(problem.line)

        yield PuttingAside(put_aside, lines)


def check_outcome(
    outcome: ImportOutcome,
    *,
    dry_run: bool,
    commit_every: int | None,
    rejects: str | None,
    max_rejects: int | None,
    advice: str,
) -> None:
    """End the command where nothing was written, or not all; to be called before a file of rejects gets its name.

    Args:
        outcome: what the import came to.
        dry_run: the option.
        commit_every: the option.
        rejects: the option.
        max_rejects: the option.
        advice: what to do next.
    """
    too_many = max_rejects is not None and outcome.problems > max_rejects
    if not too_many and (outcome.committed or (dry_run and (rejects or not outcome.problems))):
        return
    if max_rejects is not None:
        kept = f"more than {counted(max_rejects, 'reject')}"
    else:
        kept = f"{number(outcome.bad_lines)} bad, {number(outcome.conflicts)} in conflict"
    written = "nothing was written"
    if commit_every is not None:
        written = (
            f"stopped there; {counted(outcome.appended, 'event was', 'events were')} committed before and will stay"
        )
    fail(f"{written}: {number(outcome.read)} read, {kept}; {advice}", BAD_DATA if outcome.bad_lines else CONFLICT)


def say_totals(outcome: ImportOutcome, *, dry_run: bool) -> None:
    """Say how many events became what, and how fast."""
    parts = [(outcome.read, "read"), (outcome.appended, "appended"), (outcome.already_there, "already there")]
    if outcome.left_out:
        parts.append((outcome.left_out, "left out"))
    if outcome.problems:
        parts.append((outcome.problems, "rejected"))
    became = ", ".join(f"{number(count)} {what}" for count, what in parts)
    would = "dry run, nothing was written: would be " if dry_run else ""
    say(f"{would}{became}, {duration(outcome.seconds)}, {rate(outcome.read, outcome.seconds)}")


def fail_for_rejects(outcome: ImportOutcome, rejects: str | None) -> None:
    """End the command where some events were put aside."""
    if outcome.problems:
        where = f"{counted(outcome.problems, 'reject is', 'rejects are')} in {rejects}"
        fail(
            f"{where}: fix what is wrong there, and import that file",
            BAD_DATA if outcome.bad_lines else CONFLICT,
        )


@contextmanager
def no_reader_is_a_failure() -> Iterator[None]:
    """End with an error if a pipe that is written to has no reader left: there, what is written is the work itself."""
    try:
        yield
    except BrokenPipeError:
        fail_to_print("the output cannot be written: nothing reads it any more")


@contextmanager
def summing_up(summary: str | None, *, dry_run: bool) -> Iterator[Callable[..., None]]:
    """Give what takes the totals, which are written at the end, whatever that is, as JSON.

    Last, so that a file that takes no totals keeps no file of rejects from getting its name.

    Args:
        summary: the file; None writes none.
        dry_run: whether nothing was to be written.
    """
    totals: dict[str, Any] = {}

    def sum_up(outcome: ImportOutcome, **more: Any) -> None:
        totals.update(
            committed=outcome.committed,
            dry_run=dry_run,
            read=outcome.read,
            appended=outcome.appended,
            already_there=outcome.already_there,
            left_out=outcome.left_out,
            bad=outcome.bad_lines,
            conflicts=outcome.conflicts,
            seconds=round(outcome.seconds, 3),
            **more,
        )

    try:
        yield sum_up
    finally:
        if totals and summary is not None:
            from esjournal.interchange.outputfiles import sink

            with sink(summary) as stream:
                stream.write(json.dumps(totals).encode() + b"\n")
