"""`esjournal verify`: what it does."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

import typer

from esjournal.cli.exits import FINDINGS, say
from esjournal.cli.progress import EventsProgress
from esjournal.cli.rendering.findings import findings_view
from esjournal.domain.choices import LinesFormat
from esjournal.domain.text import counted, duration, rate
from esjournal.infrastructure.sqlalchemy.datastore import session_class
from esjournal.infrastructure.sqlalchemy.urls import StoreURL
from esjournal.interchange.formats import is_file_of_events
from esjournal.journal.inspect.digest import sequence_digests
from esjournal.journal.inspect.verification import Verification, open_to_verify


def run(
    url: str, *, events: list[str] | None, digest: bool, per_sequence: bool, output_format: LinesFormat, quiet: bool
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.verify`."""
    if per_sequence and not digest:
        raise typer.BadParameter("--per-sequence is for digests: add --digest.")

    _import_modules(events or (), url)
    began = time.monotonic()
    view = findings_view(output_format)
    with open_to_verify(url, view.show) as journal:
        # Without the bad lines of a file, it would be the digest of another file.
        verification = Verification(journal, mapped=bool(events), digested=digest and not view.counts)
        with EventsProgress(verification.until, "the database checks itself", quiet=quiet) as progress:
            for finding in verification.findings(progress.show):
                if sys.stdout.isatty():
                    progress.hide()
                view.show(finding)
        view.show_totals(verification.events, verification.digest, journal.shown_url)
        if per_sequence and verification.digest is not None and not verification.is_damaged:
            for originator_id, sequence_digest in sequence_digests(journal, until=verification.until):
                view.show_sequence(originator_id, sequence_digest)
        view.end()
    findings = view.counts.total()
    if not quiet:
        # If stdout and stderr are the same file, the findings come before the totals.
        sys.stdout.flush()
        say(_totals(verification, findings, time.monotonic() - began))
        for missing in _not_done(verification, digest=digest, per_sequence=per_sequence):
            say(missing)
    if findings:
        raise typer.Exit(FINDINGS)


def _totals(verification: Verification, findings: int, seconds: float) -> str:
    result = counted(findings, "finding") if findings else "sound"
    speed = rate(verification.events, seconds)
    return f"{counted(verification.events, 'event')} verified: {result}, {duration(seconds)}, {speed}"


def _not_done(verification: Verification, *, digest: bool, per_sequence: bool) -> Iterator[str]:
    if verification.unchecked is not None:
        yield verification.unchecked
    if digest and verification.digest is None:
        yield "there is no digest, because some events cannot be read"
    elif per_sequence and verification.is_damaged:
        yield "sequences have no digests, because the journal is damaged"


def _import_modules(given: Sequence[str], url: str) -> None:
    if not given:
        return
    folder = str(Path.cwd())
    # Before the folder is on the path: libraries try to import optional modules, and a file there may have such a name.
    _load_driver(url)
    is_on_path = folder in sys.path
    if not is_on_path:
        # At the end, so that no file there replaces a library that the modules import.
        sys.path.append(folder)
    try:
        for name in (name for names in given for name in names.split(":")):
            try:
                _import_from(folder, name.partition(".")[0])
                importlib.import_module(name)
            except (Exception, SystemExit) as error:
                cause = " ".join(f"{type(error).__name__}: {error}".split())
                raise typer.BadParameter(f"--events {name!r} cannot be imported: {cause}.") from None
    finally:
        # Libraries are still loaded later.
        if not is_on_path and folder in sys.path:
            sys.path.remove(folder)


def _load_driver(url: str) -> None:
    if not is_file_of_events(url):
        session_class(StoreURL.parse(url))


def _import_from(folder: str, name: str) -> None:
    """Import a module from the working folder, where it is looked for first, as with `python -m`."""
    spec = PathFinder.find_spec(name, [folder])
    if spec is None or spec.loader is None:
        return
    if (loaded := sys.modules.get(name)) is not None:
        if getattr(getattr(loaded, "__spec__", None), "origin", None) != spec.origin:
            raise ImportError(f"{spec.origin} has the name of a module that esjournal needs; rename it")
        return
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
