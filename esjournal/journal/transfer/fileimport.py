"""Importing files of events, from opening them to the file of rejects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from esjournal.interchange.batches import Batch
from esjournal.interchange.inputfiles import Files
from esjournal.interchange.rejects import putting_aside
from esjournal.interchange.secondprocess import read_beside
from esjournal.journal.journal import open_journal
from esjournal.journal.transfer import overlap
from esjournal.journal.transfer.continuing import WholeFile
from esjournal.journal.transfer.importing import import_with
from esjournal.journal.transfer.options import Progress, TransferOptions, without_progress
from esjournal.journal.transfer.processes import processes_writing
from esjournal.journal.transfer.typechoice import TypeSelection
from esjournal.journal.transfer.verdicts import Abandoned, ImportOutcome, is_given_up


@dataclass(frozen=True)
class Imported:
    """The result of importing files.

    `is_given_up` says whether it was ended early, or nothing was written, because of events that do not fit; then no
    file of rejects is left. `unused_rules` are the type rules that no event matched, as options. `why_not_noted` says
    why a journal that continues the one in the file could not be told so, which leaves the import as good as it is.
    """

    outcome: ImportOutcome
    is_given_up: bool
    unused_rules: Sequence[str]
    why_not_noted: str | None = None


def import_files(
    url: str,
    files: Files,
    options: TransferOptions | None = None,
    *,
    also_written: Sequence[overlap.Named] = (),
    seen: Callable[[Batch], None] | None = None,
    progress: Callable[[], AbstractContextManager[Progress]] = without_progress,
) -> Imported:
    """Append the events of files to a journal, skipping those that are already there with the same content.

    A journal that was empty before, and then has all events of the sealed file of a whole journal, notes that it
    continues that one.

    Args:
        url: the journal's URL, or the path of its SQLite file.
        files: the files to read.
        options: how to import them.
        also_written: other files that the caller writes; none may be one of the files to read.
        seen: called with each batch of wanted events, before it is appended.
        progress: opened for the import; it yields a function that is called with the number of events read so far.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: there is no journal, or it cannot be written.
        UnusableFile: a file cannot be read or written, or is named twice.
        InvalidLine: a file is not what its seal says, or nothing after this line can be read.
        OutcomeUnknown: the connection was lost, or the disk failed, while events were committed.
    """
    options = options or TransferOptions()
    files.tell_whole = True
    if options.commit_every is not None:
        # Checked first, because events of a damaged file would be committed before its end is reached.
        files.check_ahead()
    with read_beside(files, busy=processes_writing(url, indexes_last=options.lock_readers)) as batches:
        types = TypeSelection(*options.types)
        overlap.keep_apart(
            overlap.journal("the journal", url, written=True),
            overlap.written("--rejects", options.rejects),
            *also_written,
            *(overlap.read("FILE", path) for path in files.paths),
        )
        why_not_noted = None
        # An import that is given up leaves no file of rejects.
        with open_journal(url) as journal, suppress(Abandoned), putting_aside(options.rejects) as aside:
            with progress() as on_progress:
                put_aside = None if aside is None else aside.take
                file = WholeFile(journal)
                wanted = types.of(file.watching(batches))
                taken = wanted if seen is None else _shown(wanted, seen)
                outcome = import_with(journal, taken, options, put_aside, on_progress)
            given_up = is_given_up(outcome, options)
            if given_up:
                raise Abandoned
            if not options.types.new_types:
                why_not_noted = file.note(outcome)
        return Imported(outcome, given_up, types.unused(), why_not_noted)


def _shown(batches: Iterable[Batch], seen: Callable[[Batch], None]) -> Iterator[Batch]:
    for batch in batches:
        seen(batch)
        yield batch
