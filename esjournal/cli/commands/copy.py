"""`esjournal copy`."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from esjournal.advice import command
from esjournal.cli.exits import FINDINGS, fail, say
from esjournal.cli.importing import (
    CommitEveryOption,
    DryRunOption,
    MapTypeOption,
    MaxRejectsOption,
    OnlyTypeOption,
    RejectsOption,
    RequireContiguousOption,
    SkipTypeOption,
    SummaryOption,
    check_options,
    check_outcome,
    fail_for_rejects,
    no_reader_is_a_failure,
    putting_aside,
    say_totals,
    say_unused,
    summing_up,
    type_choice,
)
from esjournal.cli.options import AfterOption, CursorFileOption, QuietOption, refuse_program_options
from esjournal.cli.progress import copying_progress
from esjournal.domain.choices import FileFormat
from esjournal.domain.text import counted, number
from esjournal.interchange.formats import format_of, is_file_of_events, uncompressed

if TYPE_CHECKING:
    from esjournal.journal.transfer.proof import Proof
    from esjournal.journal.transfer.verdicts import ImportOutcome

_STORE = "SQLite file's path, sqlite:///FILE or postgresql://USER@HOST/DB"


def copy(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help=f"A {_STORE}, or a file of events: .ndjson, .csv, .gz, .zst.")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="As SOURCE. Run `init` first for a store; a file is overwritten.")
    ],
    dry_run: DryRunOption = False,
    commit_every: CommitEveryOption = None,
    rejects: RejectsOption = None,
    max_rejects: MaxRejectsOption = None,
    require_contiguous: RequireContiguousOption = False,
    map_type: MapTypeOption = None,
    only_type: OnlyTypeOption = None,
    skip_type: SkipTypeOption = None,
    after: AfterOption = None,
    cursor_file: CursorFileOption = None,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Do not read everything again to prove the copy.")
    ] = False,
    summary: SummaryOption = None,
    quiet: QuietOption = False,
) -> None:
    """Copy a journal or a file of events, and prove the copy.

    Events are copied in global order, all in one transaction. SOURCE is read as it is when the command begins; others
    may write to it meanwhile. Events that are already in TARGET, with the same type and state, are skipped and counted.
    If an event breaks a rule of journals (exit 3), or another event is already at the same version (exit 4), nothing is
    written; with --rejects, the rest is. After an interruption, run the same command again: the result is the same.

    After the commit, everything copied is read again on both sides and compared, and the digest that both sides share
    is printed. Exit 1 if something is missing or differs.

    \b
    Examples:
      esjournal copy --dry-run old.db postgresql://me@localhost/shop
      esjournal copy old.db postgresql://me@localhost/shop
      esjournal copy --cursor-file moving.cursor old.db postgresql://me@localhost/shop
      esjournal copy --commit-every 100000 --rejects bad.ndjson old.db new.db
      esjournal copy old.db backup.ndjson.zst
    """
    refuse_program_options(context, "copy takes SOURCE and TARGET as arguments")
    check_options(dry_run=dry_run, commit_every=commit_every, rejects=rejects, max_rejects=max_rejects, summary=summary)
    _check_places(source, target, proven=not (dry_run or no_verify))
    _check_span(source, after, cursor_file)
    for_stores = _for_stores(target, commit_every=commit_every, require_contiguous=require_contiguous)
    choice = type_choice(map_type, only_type, skip_type)
    from esjournal.interchange.outputfiles import replacing
    from esjournal.journal.cursor import cursor_line
    from esjournal.journal.journal import is_same_journal
    from esjournal.journal.transfer import overlap
    from esjournal.journal.transfer.proof import prove
    from esjournal.journal.transfer.source import open_source
    from esjournal.journal.transfer.target import open_target
    from esjournal.journal.transfer.typechoice import TypeSelection

    types = TypeSelection(*choice)
    overlap.keep_apart(
        overlap.journal("SOURCE", source),
        overlap.journal("TARGET", target, written=True),
        overlap.written("--rejects", rejects),
        overlap.written("--summary", summary),
        overlap.written("--cursor-file", cursor_file),
    )
    # A server that stores on this machine takes a core for itself.
    busy = 2 if target.startswith("postgresql") else 1
    with (
        no_reader_is_a_failure(),
        summing_up(summary, dry_run=dry_run) as sum_up,
        open_source(
            source, after=after, cursor_file=cursor_file, busy=busy, in_parts=commit_every is not None
        ) as copied,
        open_target(target) as place,
        # The cursor's new file is made first, to find out in time that it cannot be, and takes its place last.
        replacing(cursor_file) if cursor_file is not None and not dry_run else nullcontext() as cursor_stream,
    ):
        if copied.journal and place.journal and is_same_journal(copied.journal, place.journal):
            raise typer.BadParameter(f"SOURCE and TARGET are both {place.journal.shown_url}: name two.")
        with putting_aside(rejects) as aside:
            # A process that reads is begun before a thread that draws.
            with copied.read() as batches, copying_progress(copied.size, copied.done, quiet=quiet) as on_progress:
                outcome = place.take(
                    types.of(batches),
                    dry_run=dry_run,
                    put_aside=aside and aside.take,
                    max_put_aside=max_rejects,
                    on_progress=on_progress,
                    **for_stores,
                )
            sum_up(outcome, proof=None)
            _say_problems(outcome)
            # Inside the block, so that no file of rejects is left of a copy that was given up.
            check_outcome(
                outcome,
                dry_run=dry_run,
                commit_every=commit_every,
                rejects=rejects,
                max_rejects=max_rejects,
                advice="mend one side, or put these events aside with --rejects",
            )
        say_unused(types)
        if not quiet:
            if (left_out := copied.left_out()) is not None:
                say(left_out)
            say_totals(outcome, dry_run=dry_run)
        if not (dry_run or no_verify):
            with (
                copied.read() as batches,
                place.counterparts() as find,
                copying_progress(copied.size, copied.done, " proven", quiet=quiet) as on_progress,
            ):
                proof = prove(
                    types.of(batches),
                    find,
                    put_aside=sorted(aside.lines) if aside else (),
                    by_value=place.rewrites_states,
                    on_progress=on_progress,
                )
            sum_up(outcome, proof=asdict(proof))
            _say_proof(proof, quiet=quiet)
        if cursor_stream is not None:
            cursor_stream.write(cursor_line(copied.cursor()))
    fail_for_rejects(outcome, rejects)


def _check_places(source: str, target: str, *, proven: bool) -> None:
    for standard, instead in ((source, "import -"), (target, "export -o -")):
        if standard == "-":
            raise typer.BadParameter(f"copy reads both sides again to prove itself: `esjournal {instead}` takes `-`.")
    if format_of(target) is FileFormat.PARQUET and "://" not in target:
        raise typer.BadParameter(f"{target}: Parquet is for analysis and cannot be read back: name .ndjson or .csv.")
    if is_file_of_events(target):
        if uncompressed(target).endswith(".json"):
            raise typer.BadParameter(f"{target}: a copy is one event a line, or CSV: name .ndjson or .csv.")
        if is_file_of_events(source):
            raise typer.BadParameter(f"both are files: {command('export', '-o', target, url=source)} does that.")
        from esjournal.interchange.outputfiles import is_stream

        if proven and is_stream(target):
            raise typer.BadParameter(f"{target} is no file that could be read again for the proof: add --no-verify.")


def _check_span(source: str, after: int | None, cursor_file: str | None) -> None:
    if after is not None and cursor_file is not None:
        raise typer.BadParameter("--cursor-file says where to begin, and so does --after: give one of them.")
    if is_file_of_events(source) and (after is not None or cursor_file is not None):
        raise typer.BadParameter(f"{source} is a file, and is copied as a whole: leave out --after and --cursor-file.")


def _for_stores(target: str, *, commit_every: int | None, require_contiguous: bool) -> dict[str, Any]:
    if not is_file_of_events(target):
        return {"commit_every": commit_every, "require_contiguous": require_contiguous}
    if commit_every is not None or require_contiguous:
        raise typer.BadParameter(
            f"{target} is a file, and is written anew: leave out --commit-every and --require-contiguous."
        )
    return {}


def _say_problems(outcome: ImportOutcome) -> None:
    from esjournal.journal.compare.wording import difference

    for bad in outcome.first_bad_lines:
        say(str(bad))
    for conflict in outcome.first_conflicts:
        what = "" if conflict.stored is None else f": {difference(conflict.stored, conflict.event)}"
        place = f"sequence {conflict.event.originator_id}: version {conflict.event.originator_version}"
        say(f"{conflict.source}:{conflict.line}: {place} is taken by a different event{what}")


def _say_proof(proof: Proof, *, quiet: bool) -> None:
    if not proof.holds:
        fail(
            f"not proven: of {counted(proof.events, 'event')}, {number(proof.missing)} missing there and "
            f"{number(proof.differing)} different, "
            f"the first is {proof.first}",
            FINDINGS,
        )
    if quiet:
        return
    without = []
    if proof.dated_otherwise:
        without.append(f"{number(proof.dated_otherwise)} with another one there")
    if proof.undated:
        without.append(f"{number(proof.undated)} with none on one side")
    left_out = f"; recorded_at is left out of {' and of '.join(without)}" if without else ""
    same = f"sha256 {proof.digest} on both sides"
    if proof.respelt:
        same = f"{number(proof.respelt)} of them with the same JSON spelt otherwise there, so no digest is the same"
    say(f"proven: {counted(proof.events, 'event')}, {same}{left_out}")
