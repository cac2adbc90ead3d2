"""`esjournal import`: what it does."""

from __future__ import annotations

import typer

from esjournal.cli.exits import say
from esjournal.cli.options import checked, names_layout
from esjournal.cli.progress import reading_progress
from esjournal.cli.rowoptions import RowOptions
from esjournal.cli.running.import_rows import events_of_rows, refuse_row_options, row_order, show_first
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
from esjournal.domain.choices import FileFormat
from esjournal.infrastructure.sqlalchemy.urlschemes import names_a_server
from esjournal.interchange.delimiters import checked_delimiter
from esjournal.interchange.inputfiles import Files
from esjournal.interchange.rowfiles import RowFiles
from esjournal.interchange.textencodings import UTF_8, checked_encoding
from esjournal.journal.transfer import overlap
from esjournal.journal.transfer.fileimport import import_files
from esjournal.journal.transfer.options import TransferOptions

# In a file of their own, they would be the first versions of their sequences.
_FIX_ROWS = "fix these rows in your file, and run the same command again"


def run(
    url: str,
    *,
    paths: list[str],
    file_format: FileFormat | None,
    delimiter: str | None,
    encoding: str | None,
    dry_run: bool,
    commit_every: int | None,
    rejects: str | None,
    max_rejects: int | None,
    require_contiguous: bool,
    lock_readers: bool,
    require_seal: bool,
    map_type: list[str] | None,
    only_type: list[str] | None,
    skip_type: list[str] | None,
    max_line_bytes: int,
    summary: str | None,
    row_options: RowOptions,
    quiet: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.import_`."""
    options = TransferOptions(
        dry_run=dry_run,
        commit_every=commit_every,
        require_contiguous=require_contiguous,
        lock_readers=lock_readers,
        rejects=rejects,
        max_rejects=max_rejects,
        types=type_rules(map_type, only_type, skip_type),
    )
    check_options(options, summary)
    if lock_readers:
        _check_lock_readers(url, options)
    separator = None if delimiter is None else checked(checked_delimiter, delimiter)
    of_text = UTF_8 if encoding is None else checked(checked_encoding, encoding)
    files: Files
    if row_options.rows:
        if require_seal:
            raise typer.BadParameter("--require-seal is for files of events: rows have no seal.")
        if row_options.show is not None and not dry_run:
            raise typer.BadParameter("--show needs --dry-run: add that, or leave out --show.")
        files = RowFiles(
            paths,
            events_of_rows(row_options, url),
            file_format,
            line_limit=max_line_bytes,
            delimiter=separator,
            encoding=of_text,
            typed=row_options.detect_types,
            order=row_order(row_options),
        )
    else:
        refuse_row_options(row_options)
        files = Files(
            paths,
            file_format,
            line_limit=max_line_bytes,
            seal_required=require_seal,
            delimiter=separator,
            encoding=of_text,
        )
    with no_reader_is_a_failure(), summing_up(summary, dry_run=dry_run) as sum_up:
        imported = import_files(
            url,
            files,
            options,
            also_written=[overlap.written("--summary", summary)],
            seen=None if row_options.show is None else show_first(row_options.show),
            progress=lambda: reading_progress(files, quiet),
        )
        outcome = imported.outcome
        sum_up(outcome)
        for problem in (*outcome.first_bad_lines, *outcome.first_conflicts):
            say(str(problem))
        if imported.is_given_up:
            fail_given_up(outcome, options, "fix the file and import it again")
    say_unused(imported.unused_rules)
    say_not_noted(imported.why_not_noted)
    if not quiet:
        say_totals(outcome, dry_run=dry_run)
    if row_options.rows:
        fail_for_rejects(outcome, rejects, _FIX_ROWS)
    fail_for_rejects(outcome, rejects)


def _check_lock_readers(url: str, options: TransferOptions) -> None:
    if not names_a_server(url):
        raise typer.BadParameter("--lock-readers is for PostgreSQL; SQLite builds indexes last and locks no reader.")
    if names_layout(url):
        raise typer.BadParameter("--lock-readers is for journals, and not for another library's tables.")
    if options.commit_every is not None or options.require_contiguous:
        raise typer.BadParameter("--lock-readers takes neither --commit-every nor --require-contiguous.")
