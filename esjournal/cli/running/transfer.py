"""What import and copy have in common: the check of their options, and what they say at the end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from esjournal.cli.exits import BAD_DATA, CONFLICT, fail, fail_to_print, say
from esjournal.cli.options import checked
from esjournal.domain.choices import FileFormat
from esjournal.domain.model import rules
from esjournal.domain.model.typepatterns import renaming
from esjournal.domain.text import counted, duration, number, rate
from esjournal.exceptions import InvalidData
from esjournal.interchange.formats import format_of
from esjournal.interchange.outputfiles import sink
from esjournal.journal.transfer.options import TransferOptions, TypeRules
from esjournal.journal.transfer.verdicts import ImportOutcome


def check_options(options: TransferOptions, summary: str | None) -> None:
    """Refuse options that do not go together, and files that cannot be written later.

    Raises:
        typer.BadParameter: an option is not allowed.
    """
    if options.dry_run and options.commit_every is not None:
        raise typer.BadParameter("--dry-run commits nothing: leave out --commit-every.")
    if options.max_rejects is not None and options.rejects is None:
        raise typer.BadParameter("--max-rejects needs --rejects FILE.")
    if options.rejects is not None and format_of(options.rejects) is not FileFormat.NDJSON:
        raise typer.BadParameter(f"--rejects {options.rejects}: rejects are NDJSON, so name an .ndjson file.")
    if summary is not None:
        _check_summary(summary)


def _check_summary(summary: str) -> None:
    # It is written last, when it is too late to report a misspelt folder.
    # Unlike resolve() and is_dir(), these raise nothing for a loop of links or a name that is too long.
    if not os.path.isdir(os.path.dirname(os.path.realpath(summary))):  # noqa: PTH112, PTH120
        raise typer.BadParameter(f"--summary {summary}: its folder does not exist: make it first.")
    if os.path.isdir(summary):  # noqa: PTH112
        raise typer.BadParameter(f"--summary {summary}: that is a folder, name a file in it.")


def type_rules(map_type: list[str] | None, only_type: list[str] | None, skip_type: list[str] | None) -> TypeRules:
    """Return what the three options about types say.

    Raises:
        typer.BadParameter: one of them is not allowed.
    """
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
    return TypeRules(new_types, wanted, unwanted)


def say_unused(unused_rules: Sequence[str]) -> None:
    """Warn about type rules that no event matched, such as one with a misspelt type."""
    for rule in unused_rules:
        say(f"warning: {rule} matched no event")


def say_not_noted(reason: str | None) -> None:
    """Warn if a journal could not note that it continues another one.

    Args:
        reason: why not; None if it could, or does not continue one.
    """
    if reason is not None:
        say(f"warning: cursors of the old journal will be refused, because nothing can be noted about it: {reason}")


def fail_given_up(outcome: ImportOutcome, options: TransferOptions, advice: str) -> None:
    """End the command with an error: nothing was written, or not everything.

    Args:
        outcome: the outcome of the transfer.
        options: its options.
        advice: what to do next.
    """
    if options.max_rejects is not None:
        kept = f"more than {counted(options.max_rejects, 'reject')}"
    else:
        kept = f"{number(outcome.bad_lines)} bad, {number(outcome.conflicts)} in conflict"
    written = "nothing was written"
    if options.commit_every is not None:
        written = f"stopped; {counted(outcome.appended, 'event was', 'events were')} committed before that, and stay"
    fail(f"{written}: {number(outcome.read)} read, {kept}; {advice}", BAD_DATA if outcome.bad_lines else CONFLICT)


def say_totals(outcome: ImportOutcome, *, dry_run: bool) -> None:
    """Write how many events were appended, skipped and so on, and how fast."""
    parts = [(outcome.read, "read"), (outcome.appended, "appended"), (outcome.already_there, "already there")]
    if outcome.left_out:
        parts.append((outcome.left_out, "left out"))
    if outcome.problems:
        parts.append((outcome.problems, "rejected"))
    became = ", ".join(f"{number(count)} {what}" for count, what in parts)
    would = "dry run, nothing was written: would be " if dry_run else ""
    say(f"{would}{became}, {duration(outcome.seconds)}, {rate(outcome.read, outcome.seconds)}")


def fail_for_rejects(
    outcome: ImportOutcome, rejects: str | None, advice: str = "fix what is wrong there, and import that file"
) -> None:
    """End the command with an error if events were put aside.

    Args:
        outcome: the outcome of the transfer.
        rejects: the file that has them.
        advice: what to do next.
    """
    if outcome.problems:
        where = f"{counted(outcome.problems, 'reject is', 'rejects are')} in {rejects}"
        fail(
            f"{where}: {advice}",
            BAD_DATA if outcome.bad_lines else CONFLICT,
        )


@contextmanager
def no_reader_is_a_failure() -> Iterator[None]:
    """End the command with an error if a pipe has lost its reader: here the output is the work itself."""
    try:
        yield
    except BrokenPipeError:
        fail_to_print("the output cannot be written: nothing reads it any more")


@contextmanager
def summing_up(summary: str | None, *, dry_run: bool) -> Iterator[Callable[..., None]]:
    """Yield a function that takes the totals, which are written as JSON at the end, even after an error.

    Last, so that an unwritable summary does not keep a file of rejects from getting its name.

    Args:
        summary: the file, or None to write nothing.
        dry_run: whether it is a dry run.
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
            with sink(summary) as stream:
                stream.write(json.dumps(totals).encode() + b"\n")
