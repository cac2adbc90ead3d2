"""`esjournal copy`."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import (
    AfterOption,
    CursorFileOption,
    LimitOption,
    QuietOption,
    expanded_if_given,
    refuse_program_options,
)
from esjournal.cli.selectionoptions import (
    AsOfOption,
    GrepOption,
    IdsOption,
    NamesOption,
    OnOption,
    SelectionOptions,
    SinceOption,
    TypesOption,
    UntilOption,
    WhereOption,
)
from esjournal.cli.transferoptions import (
    CommitEveryOption,
    DryRunOption,
    MapTypeOption,
    MaxRejectsOption,
    OnlyTypeOption,
    RejectsOption,
    RequireContiguousOption,
    SkipTypeOption,
    SummaryOption,
)

_STORE = "SQLite file's path, sqlite:///FILE or postgresql://USER@HOST/DB"


def copy(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help=f"A {_STORE}, or a file of events: .ndjson, .csv, .gz, .zst.",
            callback=expanded_if_given,
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="As SOURCE. Run `init` first for a store; a file is overwritten.",
            callback=expanded_if_given,
        ),
    ],
    dry_run: DryRunOption = False,
    commit_every: CommitEveryOption = None,
    rejects: RejectsOption = None,
    max_rejects: MaxRejectsOption = None,
    require_contiguous: RequireContiguousOption = False,
    map_type: MapTypeOption = None,
    only_type: OnlyTypeOption = None,
    skip_type: SkipTypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    on: OnOption = None,
    as_of: AsOfOption = None,
    after: AfterOption = None,
    types: TypesOption = None,
    originator_ids: IdsOption = None,
    names: NamesOption = None,
    where: WhereOption = None,
    pattern: GrepOption = None,
    limit: LimitOption = None,
    cursor_file: CursorFileOption = None,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Do not read everything again to prove the copy.")
    ] = False,
    summary: SummaryOption = None,
    quiet: QuietOption = False,
) -> None:
    """Copy a journal, a file of events or a part, and prove the copy.

    Events are copied in global order, all in one transaction. SOURCE is read as it is when the command begins; others
    may write to it meanwhile. Events that are already in TARGET, with the same type, state and metadata, are skipped
    and counted. If an event breaks a rule of journals (exit 3), or another event is already at the same version (exit
    4), nothing is written; with --rejects, the rest is. After an interruption, run the same command again: the result
    is the same.

    After the commit, everything copied is read again on both sides and compared, and the digest that both sides share
    is printed: of the selected events, if some are selected. Exit 1 if something is missing or differs.

    \b
    Examples:
      esjournal copy --dry-run old.db postgresql://me@localhost/shop
      esjournal copy old.db postgresql://me@localhost/shop
      esjournal copy --cursor-file moving.cursor old.db postgresql://me@localhost/shop
      esjournal copy --commit-every 100000 --rejects bad.ndjson old.db new.db
      esjournal copy old.db backup.ndjson.zst
      esjournal copy --since 2026-03-01 --until 2026-04-01 old.db new.db
    """
    refuse_program_options(context, "copy takes SOURCE and TARGET as arguments")
    from esjournal.cli.running.copy import run

    run(
        source=source,
        target=target,
        dry_run=dry_run,
        commit_every=commit_every,
        rejects=rejects,
        max_rejects=max_rejects,
        require_contiguous=require_contiguous,
        map_type=map_type,
        only_type=only_type,
        skip_type=skip_type,
        selection=SelectionOptions(types, originator_ids, names, since, until, on, as_of, where, pattern),
        after=after,
        limit=limit,
        cursor_file=cursor_file,
        no_verify=no_verify,
        summary=summary,
        quiet=quiet,
    )
