"""`esjournal import`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from esjournal.cli.ending import BAD_DATA, CONFLICT, fail, say
from esjournal.cli.options import FileFormatOption, LayoutOption, TableOption, UrlOption, checked, url_of
from esjournal.cli.progress import reading_progress
from esjournal.interchange.formats import FileFormat, format_of

if TYPE_CHECKING:
    from esjournal.interchange.rejects import Problem
    from esjournal.journal.importing import ImportOutcome

MEBIBYTE = 1024 * 1024
MAX_COUNT = 2**63 - 1


def import_(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="NDJSON or CSV; .gz and .zst are decompressed, `-` is stdin."),
    ],
    file_format: FileFormatOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Find out what would happen, and write nothing.")] = False,
    commit_every: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=MAX_COUNT, help="Commit after every N events, not once.", show_default=False
        ),
    ] = None,
    rejects: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Put bad and conflicting events there, import the rest.", show_default=False),
    ] = None,
    max_rejects: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, max=MAX_COUNT, help="Give up after more than N rejects.", show_default=False),
    ] = None,
    require_contiguous: Annotated[
        bool, typer.Option("--require-contiguous", help="Refuse an event that skips versions of its sequence.")
    ] = False,
    require_seal: Annotated[
        bool, typer.Option("--require-seal", help="Refuse a file without a seal, such as one that was cut off.")
    ] = False,
    map_type: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="Import type OLD as NEW; may be repeated.", show_default=False),
    ] = None,
    only_type: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE", help="Import only this type; may be repeated.", show_default=False),
    ] = None,
    skip_type: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE", help="Leave this type out; may be repeated.", show_default=False),
    ] = None,
    max_line_bytes: Annotated[
        int, typer.Option(metavar="N", min=1, max=2**31 - 1, help="The longest line that is taken.")
    ] = 16 * MEBIBYTE,
    summary: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the totals there, as JSON.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no totals.")] = False,
    url: UrlOption = None,
    layout: LayoutOption = None,
    table: TableOption = None,
) -> None:
    """Append the events of files, all in one transaction.

    Events that are there already, with the same type and state, are skipped and counted. If a line is no event (exit
    3), or the place of an event is taken by a different one (exit 4), nothing is written; with --rejects the rest is.
    Stopped at any point, the same command run again goes on and comes to the same end.

    \b
    Examples:
      esjournal import events.ndjson.gz
      esjournal import --dry-run events.csv
      esjournal import --rejects bad.ndjson '2026-*.ndjson'
      esjournal import --commit-every 100000 huge.ndjson.zst
      esjournal import --map-type shop#Paid=orders#Paid old.ndjson
      esjournal --url old.db export | esjournal --url new.db import -
    """
    from esjournal.domain.model import fields
    from esjournal.interchange.beside import read_beside
    from esjournal.interchange.files import Files

    if dry_run and commit_every is not None:
        raise typer.BadParameter("--dry-run commits nothing: leave out --commit-every.")
    if max_rejects is not None and rejects is None:
        raise typer.BadParameter("--max-rejects counts what goes to --rejects FILE: name one.")
    if rejects is not None and format_of(rejects) is not FileFormat.NDJSON:
        raise typer.BadParameter(f"--rejects {rejects}: rejects are NDJSON, name the file so.")
    if summary is not None:
        _check_summary(summary, rejects)
    new_types = _new_types(map_type or ())
    wanted, unwanted = ([checked(fields.event_type, text) for text in types or ()] for types in (only_type, skip_type))
    files = Files(paths, file_format, line_limit=max_line_bytes, seal_required=require_seal)
    if commit_every is not None:
        # Later it would be found out too late.
        files.check_seals()
    journal_url = url_of(context, url, layout, table)
    # A server that stores on this machine takes a core for itself: with two, a third process makes an import slower.
    with read_beside(files, busy=2 if journal_url.startswith("postgresql") else 1) as batches:
        # The files are being read while all this loads.
        from esjournal.journal.importing import import_events
        from esjournal.journal.opening import open_journal
        from esjournal.journal.selecting import selected

        with open_journal(journal_url) as journal, _putting_aside(rejects) as put_aside:
            with reading_progress(files, quiet) as on_progress:
                outcome = import_events(
                    journal,
                    selected(batches, new_types=new_types, only_types=wanted, skipped_types=unwanted),
                    dry_run=dry_run,
                    commit_every=commit_every,
                    require_contiguous=require_contiguous,
                    put_aside=put_aside,
                    max_put_aside=max_rejects,
                    on_progress=on_progress,
                )
            if summary is not None:
                _write_summary(summary, outcome, dry_run)
            _say_problems(outcome)
            too_many = max_rejects is not None and outcome.problems > max_rejects
            if too_many or (not outcome.committed and not (dry_run and (rejects or not outcome.problems))):
                # Inside the block, so that no file of rejects is left of an import that was given up.
                _fail(outcome, commit_every, max_rejects)
    if not quiet:
        say(_totals(outcome, dry_run))
    if outcome.problems:
        fail(
            f"{outcome.problems} rejects are in {rejects}: mend them there, and import that file",
            BAD_DATA if outcome.bad_lines else CONFLICT,
        )


@contextmanager
def _putting_aside(rejects: str | None) -> Iterator[Callable[[Problem], None] | None]:
    if rejects is None:
        yield None
        return
    from esjournal.interchange.rejects import reject_line
    from esjournal.interchange.streams import sink

    with sink(rejects) as stream:

        def put_aside(problem: Problem) -> None:
            # A file's name need not be UTF-8; what is not stands in JSON as an escape.
            stream.write(reject_line(problem).encode(errors="backslashreplace"))

        yield put_aside


def _check_summary(summary: str, rejects: str | None) -> None:
    # When it is written, all else is done, and it is too late to learn of a misspelt folder.
    if summary == rejects:
        raise typer.BadParameter(f"--summary {summary}: --rejects writes there, name another file.")
    if not Path(summary).resolve().parent.is_dir():
        raise typer.BadParameter(f"--summary {summary}: its folder is not there, make it first.")
    if Path(summary).is_dir():
        raise typer.BadParameter(f"--summary {summary}: that is a folder, name a file in it.")


def _new_types(mappings: Sequence[str]) -> dict[str, str]:
    from esjournal.domain.model import fields

    new_types: dict[str, str] = {}
    for text in mappings:
        old, equals, new = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"--map-type {text!r} has no =: write OLD=NEW.")
        if old in new_types:
            raise typer.BadParameter(f"--map-type gives {old!r} two new names: give one.")
        new_types[checked(fields.event_type, old)] = checked(fields.event_type, new)
    return new_types


def _say_problems(outcome: ImportOutcome) -> None:
    for problem in (*outcome.first_bad_lines, *outcome.first_conflicts):
        say(str(problem))


def _fail(outcome: ImportOutcome, commit_every: int | None, max_rejects: int | None) -> NoReturn:
    if max_rejects is not None:
        kept = f"more than {max_rejects} rejects"
    else:
        kept = f"{outcome.bad_lines} bad, {outcome.conflicts} in conflict"
    written = "nothing was written"
    if commit_every is not None:
        written = f"stopped there; {outcome.appended} events were committed before and stay"
    fail(
        f"{written}: {outcome.read} read, {kept}; mend the file and import it again",
        BAD_DATA if outcome.bad_lines else CONFLICT,
    )


def _totals(outcome: ImportOutcome, dry_run: bool) -> str:
    rate = round(outcome.read / outcome.seconds) if outcome.seconds else 0
    parts = [f"{outcome.read} read", f"{outcome.appended} appended", f"{outcome.already_there} already there"]
    if outcome.left_out:
        parts.append(f"{outcome.left_out} left out")
    if outcome.problems:
        parts.append(f"{outcome.problems} rejected")
    would = "dry run, nothing was written: would be " if dry_run else ""
    return f"{would}{', '.join(parts)}, {outcome.seconds:.2f} s, {rate} events/s"


def _write_summary(path: str, outcome: ImportOutcome, dry_run: bool) -> None:
    from esjournal.interchange.streams import sink

    totals = {
        "committed": outcome.committed,
        "dry_run": dry_run,
        "read": outcome.read,
        "appended": outcome.appended,
        "already_there": outcome.already_there,
        "left_out": outcome.left_out,
        "bad": outcome.bad_lines,
        "conflicts": outcome.conflicts,
        "seconds": round(outcome.seconds, 3),
    }
    with sink(path) as stream:
        stream.write(json.dumps(totals).encode() + b"\n")
