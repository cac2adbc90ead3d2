"""`esjournal copy`: what it does."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from esjournal.advice import command
from esjournal.cli.exits import FINDINGS, fail, say
from esjournal.cli.progress import copying_progress
from esjournal.cli.running.transfer import (
    check_options,
    fail_for_rejects,
    fail_given_up,
    no_reader_is_a_failure,
    say_not_noted,
    say_totals,
    say_unused,
    summing_up,
    type_rules,
)
from esjournal.cli.selectionoptions import SelectionOptions
from esjournal.domain.choices import FileFormat
from esjournal.domain.model.sequencenames import shown_id
from esjournal.domain.text import counted, number
from esjournal.interchange.formats import (
    STANDARD_STREAM,
    compression_by_name,
    format_of,
    is_file_of_events,
    uncompressed,
)
from esjournal.interchange.outputfiles import is_stream
from esjournal.journal.compare.wording import difference
from esjournal.journal.transfer import overlap
from esjournal.journal.transfer.copying import Copied, copy_events
from esjournal.journal.transfer.options import CopyOptions
from esjournal.journal.transfer.proof import Proof
from esjournal.journal.transfer.verdicts import ImportOutcome


def run(
    *,
    source: str,
    target: str,
    dry_run: bool,
    commit_every: int | None,
    rejects: str | None,
    max_rejects: int | None,
    require_contiguous: bool,
    map_type: list[str] | None,
    only_type: list[str] | None,
    skip_type: list[str] | None,
    selection: SelectionOptions,
    after: int | None,
    limit: int | None,
    cursor_file: str | None,
    no_verify: bool,
    summary: str | None,
    quiet: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.copy`."""
    options = CopyOptions(
        dry_run=dry_run,
        commit_every=commit_every,
        require_contiguous=require_contiguous,
        rejects=rejects,
        max_rejects=max_rejects,
        types=type_rules(map_type, only_type, skip_type),
        criteria=selection.criteria(source),
        after=after,
        limit=limit,
        cursor_file=cursor_file,
        proven=not no_verify,
    )
    check_options(options, summary)
    _check_places(source, target, proven=not (dry_run or no_verify))
    _check_span(source, after, cursor_file, selection.ends())
    _check_for_stores(target, options)
    with no_reader_is_a_failure(), summing_up(summary, dry_run=dry_run) as sum_up:

        def say_copied(copied: Copied) -> None:
            sum_up(copied.outcome, proof=None)
            _say_problems(copied.outcome)
            if copied.is_given_up:
                fail_given_up(copied.outcome, options, "fix one side, or put these events aside with --rejects")
            say_unused(copied.unused_rules)
            if not quiet:
                say_totals(copied.outcome, dry_run=dry_run)

        copied = copy_events(
            source,
            target,
            options,
            also_written=[overlap.written("--summary", summary)],
            on_copied=say_copied,
            progress=lambda opened, proving: copying_progress(
                opened.size, opened.done, " proven" if proving else "", quiet=quiet
            ),
        )
        if copied.is_given_up:
            say_copied(copied)
        if copied.proof is not None:
            sum_up(copied.outcome, proof=asdict(copied.proof) | {"is_of_selection": copied.is_selection})
            _say_proof(copied.proof, selected=copied.is_selection, quiet=quiet)
        say_not_noted(copied.why_not_noted)
    fail_for_rejects(copied.outcome, rejects)


def _check_places(source: str, target: str, *, proven: bool) -> None:
    if STANDARD_STREAM in (source, target):
        raise typer.BadParameter(f"copy reads both sides again, so neither can be `-`: {_instead(source, target)}.")
    if format_of(target) is FileFormat.PARQUET and "://" not in target:
        raise typer.BadParameter(f"{target}: Parquet is for analysis and cannot be read back: name .ndjson or .csv.")
    says_only_compressed = compression_by_name(target) and "://" not in target and not is_file_of_events(target)
    # A file that is there is recognised by its first bytes when it is opened.
    if says_only_compressed and not Path(target).exists():
        raise typer.BadParameter(f"{target} does not say what is compressed: name it .ndjson.gz, for example.")
    if is_file_of_events(target):
        if uncompressed(target).endswith(".json"):
            raise typer.BadParameter(f"{target}: a copy is one event a line, or CSV: name .ndjson or .csv.")
        if is_file_of_events(source):
            # That command would be refused, too.
            overlap.keep_apart(overlap.journal("SOURCE", source), overlap.journal("TARGET", target, written=True))
            raise typer.BadParameter(f"both are files: {command('export', '-o', target, url=source)} does that.")
        if proven and is_stream(target):
            raise typer.BadParameter(f"{target} cannot be read again for the proof: add --no-verify.")


def _instead(source: str, target: str) -> str:
    if source == target or (source == STANDARD_STREAM and is_file_of_events(target)):
        return "name two journals or files"
    if source == STANDARD_STREAM:
        return f"{command('import', '-', url=target)} reads stdin"
    return f"{command('export', '-o', '-', url=source)} writes to stdout"


def _check_span(source: str, after: int | None, cursor_file: str | None, end: str | None) -> None:
    if after is not None and cursor_file is not None:
        raise typer.BadParameter("--cursor-file says where to begin, and so does --after: give one of them.")
    if cursor_file is not None and end is not None:
        raise typer.BadParameter(
            f"--cursor-file goes on to the last event, and with {end} the next copy would skip some: leave it out."
        )
    if is_file_of_events(source) and cursor_file is not None:
        raise typer.BadParameter(f"{source} is a file, which is not read on from a cursor: leave out --cursor-file.")


def _check_for_stores(target: str, options: CopyOptions) -> None:
    if is_file_of_events(target) and (options.commit_every is not None or options.require_contiguous):
        raise typer.BadParameter(
            f"{target} is a file, and is replaced: leave out --commit-every and --require-contiguous."
        )


def _say_problems(outcome: ImportOutcome) -> None:
    for bad in outcome.first_bad_lines:
        say(str(bad))
    for conflict in outcome.first_conflicts:
        what = "" if conflict.stored is None else f": {difference(conflict.stored, conflict.event)}"
        place = f"sequence {shown_id(conflict.event.originator_id)}: version {conflict.event.originator_version}"
        say(f"{conflict.source}:{conflict.line}: {place} is taken by a different event{what}")


def _say_proof(proof: Proof, *, selected: bool, quiet: bool) -> None:
    events = counted(proof.events, "selected event" if selected else "event")
    if not proof.holds:
        fail(
            f"not proven: of {events}, {number(proof.missing)} missing in TARGET and "
            f"{number(proof.differing)} different; the first is {proof.first}",
            FINDINGS,
        )
    if quiet:
        return
    without = []
    if proof.dated_otherwise:
        without.append(f"{counted(proof.dated_otherwise, 'event')} with another one in TARGET")
    if proof.undated:
        without.append(f"{counted(proof.undated, 'event')} with none on one side")
    left_out = f"; recorded_at is left out for {' and '.join(without)}" if without else ""
    same = f"sha256 {proof.digest} on both sides"
    if proof.respelt:
        same = f"{number(proof.respelt)} of them equal as JSON but not as text, so there is no common digest"
    say(f"proven: {events}, {same}{left_out}")
