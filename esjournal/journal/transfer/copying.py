"""Copying a journal or a file of events, and proving the copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from itertools import chain, islice

from esjournal.exceptions import InvalidURL, StoreError
from esjournal.interchange.batches import Batch
from esjournal.interchange.outputfiles import replacing
from esjournal.interchange.rejects import putting_aside
from esjournal.journal.cursor import cursor_line
from esjournal.journal.journal import Journal, is_same_journal
from esjournal.journal.read.criteria import EVERY_EVENT, Slice
from esjournal.journal.transfer import overlap
from esjournal.journal.transfer.alongside import Alongside, target_alongside
from esjournal.journal.transfer.continuing import Succession
from esjournal.journal.transfer.options import CopyOptions, Progress, without_progress
from esjournal.journal.transfer.processes import processes_writing
from esjournal.journal.transfer.proof import Proof, prove
from esjournal.journal.transfer.source import JournalSource, Source, open_source
from esjournal.journal.transfer.target import open_target
from esjournal.journal.transfer.typechoice import TypeSelection
from esjournal.journal.transfer.verdicts import Abandoned, ImportOutcome, is_given_up


@dataclass(frozen=True)
class Copied:
    """The result of a copy.

    `is_given_up` says whether it was ended early, or nothing was written, because of events that do not fit; then no
    file of rejects is left. `unused_rules` are the type rules that no event matched, as options. `is_selection` says
    whether the options select some of the events, and not all of them or those after a cursor. `proof` is of the
    selected events; it is None before the proof, or if there is to be none. `why_not_noted` says why a target
    that continues the source could not be told so, which leaves the copy as good as it is.
    """

    outcome: ImportOutcome
    is_given_up: bool
    unused_rules: Sequence[str]
    is_selection: bool
    proof: Proof | None = None
    why_not_noted: str | None = None


def copy_events(
    source: str,
    target: str,
    options: CopyOptions | None = None,
    *,
    also_written: Sequence[overlap.Named] = (),
    on_copied: Callable[[Copied], None] = lambda copied: None,
    progress: Callable[[Source, bool], AbstractContextManager[Progress]] = without_progress,
) -> Copied:
    """Copy events in global order, then read them again on both sides and compare them.

    If there is to be a proof, the cursor advances only if it holds. A target that then continues the source, because it
    has the events of the source from the first one on, notes it.

    Args:
        source: a URL, or the path of a SQLite file or of a file of events.
        target: the same; a file is replaced.
        options: how to copy.
        also_written: other files that the caller writes; none may be the source or the target.
        on_copied: called when everything is committed, before the proof.
        progress: opened with the source, and False for the copy or True for the proof; it yields a function that is
            called with the number of events so far.

    Raises:
        InvalidURL: a URL cannot be used, or both are one journal.
        StoreError: a journal is missing, or cannot be read or written.
        SequenceNotFound: there is no such sequence in the source.
        UnusableFile: a file cannot be read or written, or is named twice.
        InvalidLine: a file is not what its seal says, or nothing after this line can be read; or one of its lines is
            not an event, and only some events are copied.
        InvalidCursor: the cursor is of another journal.
        OutOfOrder: events with lower positions may come later.
        OutcomeUnknown: the connection was lost, or the disk failed, while events were committed.
    """
    options = options or CopyOptions()
    cursor_file = options.cursor_file
    overlap.keep_apart(
        overlap.journal("SOURCE", source),
        overlap.journal("TARGET", target, written=True),
        overlap.written("--rejects", options.rejects),
        overlap.written("--cursor-file", cursor_file),
        *also_written,
    )
    types = TypeSelection(*options.types)
    criteria = options.criteria or EVERY_EVENT
    is_selection = not Slice(criteria, options.after or 0, options.limit).is_whole
    with (
        open_source(
            source,
            after=options.after,
            cursor_file=cursor_file,
            criteria=criteria,
            limit=options.limit,
            busy=processes_writing(target),
            in_parts=options.commit_every is not None,
        ) as opened,
        open_target(target, opened.fields_in_use) as there,
        suppress(Abandoned),
        # The new cursor file is made first, to fail early if it cannot be, and replaces the old one last.
        replacing(cursor_file) if cursor_file is not None and not options.dry_run else nullcontext() as cursor_stream,
    ):
        if opened.journal and there.journal and is_same_journal(opened.journal, there.journal):
            raise InvalidURL(f"SOURCE and TARGET are both {there.journal.shown_url}: name two")
        with putting_aside(options.rejects) as aside:
            # The process that reads is started before the thread that draws.
            with opened.read() as batches, progress(opened, False) as on_progress:
                put_aside = None if aside is None else aside.take
                outcome = there.take(types.of(batches), options, put_aside, on_progress)
            copied = Copied(outcome, is_given_up(outcome, options), types.unused(), is_selection)
            if copied.is_given_up:
                raise Abandoned
        on_copied(copied)
        if options.proven and not options.dry_run:
            succession = None if is_selection else _succession(opened, there.journal, options)
            with (
                opened.read() as batches,
                there.counterparts() as find,
                # The process that reads is started before the thread that draws.
                _alongside(batches, opened.journal and there.journal) as (again, alongside),
                progress(opened, True) as on_progress,
            ):
                proof = prove(
                    types.of(again),
                    find,
                    alongside=alongside,
                    on_positions=succession.watch if succession is not None else lambda positions: None,
                    put_aside=() if aside is None else sorted(aside.lines),
                    by_value=there.rewrites_states,
                    on_progress=on_progress,
                )
            copied = replace(copied, proof=proof)
            if not proof.holds:
                raise Abandoned
            if succession is not None:
                try:
                    succession.note(proof)
                except StoreError as error:
                    copied = replace(copied, why_not_noted=str(error))
        if cursor_stream is not None:
            cursor_stream.write(cursor_line(opened.cursor()))
    return copied


@contextmanager
def _alongside(batches: Iterator[Batch], target: Journal | None) -> Iterator[tuple[Iterator[Batch], Alongside]]:
    """Yield batches, and what compares them with a target that has them from their first event on."""
    ahead = list(islice(batches, 1))
    first = next((event for batch in ahead for event in batch.events), None)
    with target_alongside(target, first) as alongside:
        yield chain(ahead, batches), alongside


def _succession(source: Source, target: Journal | None, options: CopyOptions) -> Succession | None:
    """Return what finds out whether the target continues the source; None if it cannot."""
    if not isinstance(source, JournalSource) or source.journal is None or target is None or options.types.new_types:
        return None
    # The tables of other libraries have no id of their own, and that of a file that is read as a journal is gone.
    if source.journal.layout is not None or target.layout is not None or not source.journal.events.session.is_shared:
        return None
    return Succession(source.journal, source.after, source.until, target)
