"""`esjournal query`: what it does."""

from __future__ import annotations

import sys

import typer

from esjournal.cli.exits import NOTHING_FOUND, fail, say
from esjournal.cli.options import check_csv_safe
from esjournal.cli.rendering.query import print_answer, write_answer
from esjournal.cli.running.parquetoutput import check_parquet
from esjournal.cli.selectionoptions import SelectionOptions
from esjournal.domain.choices import FileFormat, OutputFormat
from esjournal.domain.text import counted
from esjournal.interchange.formats import STANDARD_STREAM, delimiter_by_name, format_of
from esjournal.interchange.outputfiles import sink
from esjournal.journal.temporary import open_to_read
from esjournal.journal.transfer import overlap


def run(
    url: str,
    *,
    sql: str,
    selection: SelectionOptions,
    after: int | None,
    limit: int | None,
    output_format: OutputFormat,
    path: str | None,
    csv_safe: bool,
    quiet: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.query`."""
    is_csv = output_format is OutputFormat.CSV if path is None else format_of(path) is FileFormat.CSV
    check_csv_safe(csv_safe, csv=is_csv)
    if path is not None and output_format is not OutputFormat.TABLE:
        raise typer.BadParameter("the name of the file says its format: leave out --format, or -o.")
    if path is not None and format_of(path) is FileFormat.PARQUET:
        check_parquet(path)
    try:
        from esjournal.journal.inspect.query import QueriedPart, query
    except ImportError as error:
        raise typer.BadParameter(f"{error}.") from None
    criteria = selection.criteria(url)
    statement = _from_stdin() if sql == STANDARD_STREAM else sql

    overlap.keep_apart(overlap.journal("the journal", url), overlap.written("-o", path))
    with open_to_read(url) as journal:
        part = QueriedPart(criteria.in_journal(journal), after or 0, limit)
        with query(journal, statement, part) as answer:
            if path is None:
                rows = print_answer(answer, output_format, csv_safe=csv_safe)
            else:
                with sink(path) as stream:
                    rows = write_answer(
                        answer, stream, format_of(path), delimiter=delimiter_by_name(path), csv_safe=csv_safe
                    )
    if path not in (None, STANDARD_STREAM) and not quiet:
        say(f"wrote {counted(rows, 'row')} to {path}")
    if not rows:
        sys.stdout.flush()
        fail("nothing found: the query has no rows", NOTHING_FOUND)


def _from_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"the query on stdin is not UTF-8: {error.reason} at byte {error.start}.") from None
