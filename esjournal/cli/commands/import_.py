"""`esjournal import`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.exits import say
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
from esjournal.cli.options import FileFormatOption, LayoutOption, QuietOption, TableOption, UrlOption, url_of
from esjournal.cli.progress import reading_progress

MEBIBYTE = 1024 * 1024


def import_(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="NDJSON or CSV; .gz and .zst are decompressed, `-` is stdin."),
    ],
    file_format: FileFormatOption = None,
    dry_run: DryRunOption = False,
    commit_every: CommitEveryOption = None,
    rejects: RejectsOption = None,
    max_rejects: MaxRejectsOption = None,
    require_contiguous: RequireContiguousOption = False,
    require_seal: Annotated[
        bool, typer.Option("--require-seal", help="Refuse a file without a seal, such as a truncated one.")
    ] = False,
    map_type: MapTypeOption = None,
    only_type: OnlyTypeOption = None,
    skip_type: SkipTypeOption = None,
    max_line_bytes: Annotated[
        int, typer.Option(metavar="N", min=1, max=2**31 - 1, help="The longest line to accept.")
    ] = 16 * MEBIBYTE,
    summary: SummaryOption = None,
    quiet: QuietOption = False,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Append the events of files, all in one transaction.

    Events that are already there, with the same type and state, are skipped and counted. If a line is not an event
    (exit 3), or another event is already at the same version (exit 4), nothing is written; with --rejects, the rest is.
    After an interruption, run the same command again: the result is the same.

    \b
    Examples:
      esjournal import events.ndjson.gz
      esjournal import --dry-run events.csv
      esjournal import --rejects bad.ndjson '2026-*.ndjson'
      esjournal import --commit-every 100000 huge.ndjson.zst
      esjournal import --map-type shop#Paid=orders#Paid old.ndjson
      esjournal --url old.db export --seal | esjournal --url new.db import --require-seal -
    """
    from esjournal.interchange.inputfiles import Files
    from esjournal.interchange.secondprocess import read_beside

    check_options(dry_run=dry_run, commit_every=commit_every, rejects=rejects, max_rejects=max_rejects, summary=summary)
    choice = type_choice(map_type, only_type, skip_type)
    files = Files(paths, file_format, line_limit=max_line_bytes, seal_required=require_seal)
    if commit_every is not None:
        # Later it would be found out too late.
        files.check_seals()
    journal_url = url_of(context, url, layout, table)
    # A server that stores on this machine takes a core for itself: with two, a third process makes an import slower.
    with read_beside(files, busy=2 if journal_url.startswith("postgresql") else 1) as batches:
        # The files are being read while all this loads.
        from esjournal.journal.journal import open_journal
        from esjournal.journal.transfer import overlap
        from esjournal.journal.transfer.importing import import_events
        from esjournal.journal.transfer.typechoice import TypeSelection

        types = TypeSelection(*choice)
        overlap.keep_apart(
            overlap.journal("the journal", journal_url, written=True),
            overlap.written("--rejects", rejects),
            overlap.written("--summary", summary),
            *(overlap.read("FILE", path) for path in files.paths),
        )
        with (
            no_reader_is_a_failure(),
            summing_up(summary, dry_run=dry_run) as sum_up,
            open_journal(journal_url) as journal,
            putting_aside(rejects) as aside,
        ):
            with reading_progress(files, quiet) as on_progress:
                outcome = import_events(
                    journal,
                    types.of(batches),
                    dry_run=dry_run,
                    commit_every=commit_every,
                    require_contiguous=require_contiguous,
                    put_aside=aside and aside.take,
                    max_put_aside=max_rejects,
                    on_progress=on_progress,
                )
            sum_up(outcome)
            for problem in (*outcome.first_bad_lines, *outcome.first_conflicts):
                say(str(problem))
            # Inside the block, so that no file of rejects is left of an import that was given up.
            check_outcome(
                outcome,
                dry_run=dry_run,
                commit_every=commit_every,
                rejects=rejects,
                max_rejects=max_rejects,
                advice="mend the file and import it again",
            )
    say_unused(types)
    if not quiet:
        say_totals(outcome, dry_run=dry_run)
    fail_for_rejects(outcome, rejects)
