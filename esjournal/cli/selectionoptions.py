"""The options that select events, which are the same in every command that reads many."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from esjournal.cli.options import MAX_COUNT, checked, checked_part, repeated_option
from esjournal.domain.text import shortened

if TYPE_CHECKING:
    from esjournal.journal.read.criteria import AsOf, Criteria

_MOST_DIGITS = len(str(MAX_COUNT))

TypesOption = Annotated[
    list[str] | None,
    repeated_option("--type", "TYPE", "Only events of this type, or a pattern such as 'orders#*'"),
]
IdsOption = Annotated[
    list[str] | None,
    repeated_option("--id", "ID", "Only this sequence, by UUID or name"),
]
NamesOption = Annotated[
    list[str] | None,
    repeated_option("--name", "NAME", "Only events of the sequence with this name, or a pattern such as 'order-*'"),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Only events recorded since TIME: 2026-01-31, 2h.",
        show_default=False,
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="TIME",
        help="Only events recorded before TIME: 'yesterday 12:00'.",
        show_default=False,
    ),
]
OnOption = Annotated[
    str | None,
    typer.Option("--on", metavar="DAY", help="Only events recorded on DAY: 2026-01-31, yesterday.", show_default=False),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="POSITION|TIME",
        help="The journal as of a global position, or of a time.",
        show_default=False,
    ),
]
WhereOption = Annotated[
    list[str] | None,
    repeated_option("--where", "TEXT", "Only events that meet a condition"),
]
GrepOption = Annotated[
    str | None,
    typer.Option(
        "-g", "--grep", metavar="REGEX", help="Only events with a match in the text of their state.", show_default=False
    ),
]


@dataclass(frozen=True)
class SelectionOptions:
    """The options that select events, as they were given."""

    types: list[str] | None = None
    originator_ids: list[str] | None = None
    names: list[str] | None = None
    since: str | None = None
    until: str | None = None
    on: str | None = None
    as_of: str | None = None
    where: list[str] | None = None
    pattern: str | None = None

    def criteria(self, url: str) -> Criteria:
        """Return the criteria that the options say.

        Args:
            url: the journal's, as `url_of` returns it.

        Raises:
            typer.BadParameter: one of them is not valid, or nothing can meet all of them.
        """
        from esjournal.domain.state.where import field_condition
        from esjournal.journal.read.criteria import Criteria

        since, until = self._span()
        return Criteria(
            types=self.types or (),
            names=self.names or (),
            sequences=[checked_part(text, url) for text in self.originator_ids or ()],
            since=since,
            until=until,
            as_of=None if self.as_of is None else as_of_option(self.as_of),
            field_conditions=[checked(field_condition, text) for text in self.where or ()],
            pattern=None if self.pattern is None else _expression(self.pattern),
        )

    def ends(self) -> str | None:
        """Return the option that leaves out all events after some time or position, if one is given."""
        given = (("--until", self.until), ("--on", self.on), ("--as-of", self.as_of))
        return next((name for name, value in given if value is not None), None)

    def _span(self) -> tuple[str | None, str | None]:
        from esjournal.cli.times import day_of, time_of

        if self.on is not None:
            if self.since is not None or self.until is not None:
                raise typer.BadParameter("--on is a whole day: leave out --since and --until.")
            return day_of(self.on)
        since = None if self.since is None else time_of(self.since)
        until = None if self.until is None else time_of(self.until)
        if since is not None and until is not None and since >= until:
            raise typer.BadParameter(f"--since is {since} and --until {until}: nothing is between them.")
        return since, until


def as_of_option(text: str) -> AsOf:
    """Return what --as-of names: a global position, or a time in canonical form.

    Args:
        text: a position in plain digits, or a time as `time_of` reads it; seconds since 1970 need their `@`.

    Raises:
        typer.BadParameter: it is neither.
    """
    from esjournal.cli.times import time_of

    if text.isascii() and text.isdigit():
        # Python reads no integer of more than 4,300 digits.
        digits = text.lstrip("0") or "0"
        if len(digits) > _MOST_DIGITS or int(digits) > MAX_COUNT:
            raise typer.BadParameter(f"--as-of {shortened(text)} is beyond the last global position, {MAX_COUNT}.")
        return int(digits)
    return time_of(text, latest=True)


def _expression(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise typer.BadParameter(f"-g {pattern!r} is not a regular expression: {error}.") from None
