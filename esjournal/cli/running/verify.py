"""`esjournal verify`: what it does."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import typer

from esjournal.cli.exits import FINDINGS, say
from esjournal.cli.pager import paged
from esjournal.cli.progress import EventsProgress
from esjournal.cli.rendering.explanations import PAGE
from esjournal.cli.rendering.findings import FindingsView, findings_view
from esjournal.cli.running.schemas import check_all_schemas, run_for_each_schema
from esjournal.cli.selectionoptions import as_of_option
from esjournal.cli.usermodules import import_modules
from esjournal.domain.choices import LinesFormat
from esjournal.domain.text import counted, duration, rate
from esjournal.journal.inspect.digest import sequence_digests
from esjournal.journal.inspect.verification import Verification, open_to_verify
from esjournal.journal.read.criteria import AsOf


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    mapped: bool
    digest: bool
    per_sequence: bool
    as_of: AsOf | None
    quick: bool
    quiet: bool
    no_pager: bool


def run(
    url: str,
    *,
    events: list[str] | None,
    digest: bool,
    per_sequence: bool,
    as_of: str | None,
    all_schemas: bool,
    quick: bool,
    output_format: LinesFormat,
    quiet: bool,
    no_pager: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.verify`."""
    if per_sequence and not digest:
        raise typer.BadParameter("--per-sequence is for digests: add --digest.")
    if as_of is not None and not digest:
        raise typer.BadParameter("--as-of is for digests; the rest is verified as it is now: add --digest.")
    moment = None if as_of is None else as_of_option(as_of)
    if all_schemas:
        check_all_schemas("--all-schemas", url, output_format)

    names = [name for given in events or () for name in given.split(":")]
    import_modules("--events", names, url)
    wanted = _Wanted(
        mapped=bool(events),
        digest=digest,
        per_sequence=per_sequence,
        as_of=moment,
        quick=quick,
        quiet=quiet,
        no_pager=no_pager or all_schemas,
    )
    if not all_schemas:
        code = _verify(url, findings_view(output_format), wanted)
    else:
        code = run_for_each_schema(
            url,
            lambda schema, address: _verify(address, findings_view(output_format, schema), wanted, f"{schema}: "),
            lambda schema, message: findings_view(output_format, schema).show_failure(message),
        )
    if code:
        raise typer.Exit(code)


def _verify(url: str, view: FindingsView, wanted: _Wanted, of_which: str = "") -> int:
    """Verify one journal, and return the exit code."""
    began = time.monotonic()
    with (
        paged(not wanted.no_pager) as paging,
        open_to_verify(url, view.show, wanted.as_of) as (journal, until),
    ):
        # Without the bad lines of a file, it would be the digest of another file.
        digested = wanted.digest and not view.counts
        verification = Verification(journal, mapped=wanted.mapped, digested=digested, until=until, quick=wanted.quick)
        quiet = wanted.quiet or paging.has_begun
        with EventsProgress(verification.until, "the database checks itself", quiet=quiet) as progress:
            for finding in verification.findings(progress.show):
                if sys.stdout.isatty():
                    progress.hide()
                view.show(finding)
                if paging.has_begun:
                    progress.leave_out()
        view.show_totals(verification.events, verification.digest, journal.shown_url)
        if wanted.per_sequence and verification.digest is not None and not verification.is_damaged:
            for originator_id, sequence_digest in sequence_digests(journal, until=verification.until):
                view.show_sequence(originator_id, sequence_digest)
        view.end()
    findings = view.counts.total()
    if not wanted.quiet:
        # If stdout and stderr are the same file, the findings come before the totals.
        sys.stdout.flush()
        say(of_which + _totals(verification, findings, time.monotonic() - began))
        for missing, section in _not_done(verification, digest=wanted.digest, per_sequence=wanted.per_sequence):
            say(f"{of_which}{missing}{f' ({PAGE}#{section})' if sys.stderr.isatty() else ''}")
    return FINDINGS if findings else 0


def _totals(verification: Verification, findings: int, seconds: float) -> str:
    result = counted(findings, "finding") if findings else "sound"
    if verification.is_protected:
        result += ", protected"
    if verification.own_check is not None:
        result += f", {verification.own_check}"
    speed = rate(verification.events, seconds)
    return f"{counted(verification.events, 'event')} verified: {result}, {duration(seconds)}, {speed}"


def _not_done(verification: Verification, *, digest: bool, per_sequence: bool) -> Iterator[tuple[str, str]]:
    """Yield what was not done, and why, with the section of the page that says what to do."""
    if verification.unchecked is not None:
        yield verification.unchecked, "indexes-were-not-checked"
    if digest and verification.digest is None:
        yield "there is no digest, because some events cannot be read", "there-is-no-digest"
    elif per_sequence and verification.is_damaged:
        yield "sequences have no digests, because the journal is damaged", "there-is-no-digest"
