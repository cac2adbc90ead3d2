"""The options of the commands that append many events."""

from __future__ import annotations

from typing import Annotated

import typer

from esjournal.cli.options import MAX_COUNT, file_option, repeated_option

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would happen, and write nothing.")]
CommitEveryOption = Annotated[
    int | None,
    typer.Option(
        "--commit-every",
        metavar="N",
        min=1,
        max=MAX_COUNT,
        help="Commit after every N events, not only at the end.",
        show_default=False,
    ),
]
RejectsOption = Annotated[
    str | None,
    file_option("--rejects", help_text="Write bad and conflicting events to FILE, import the rest."),
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
    repeated_option("--map-type", "OLD=NEW", "Import type OLD as NEW"),
]
OnlyTypeOption = Annotated[
    list[str] | None,
    repeated_option("--only-type", "TYPE", "Import only this type, or a pattern such as 'orders#*'"),
]
SkipTypeOption = Annotated[
    list[str] | None,
    repeated_option("--skip-type", "TYPE", "Skip this type, or a pattern such as 'orders#*'"),
]
SummaryOption = Annotated[
    str | None,
    file_option("--summary", help_text="Write the totals to FILE, as JSON."),
]
