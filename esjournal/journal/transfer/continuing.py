"""Noting in the target of a copy or an import which journal it continues: cursors of that journal are taken there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from operator import eq

from esjournal.exceptions import StoreError
from esjournal.infrastructure.sqlalchemy.continuedjournals import (
    ContinuedJournal,
    continued_journals,
    note_continued,
)
from esjournal.interchange.batches import Batch
from esjournal.interchange.seals import WholeJournal
from esjournal.journal.journal import Journal
from esjournal.journal.transfer.proof import Proof
from esjournal.journal.transfer.target import EventFields
from esjournal.journal.transfer.verdicts import ImportOutcome


class Succession:
    """Finds out during a proof whether the target has the events of the source from the first one on, in its order.

    The first event of the source has to be at global position 1 of the target, and each later one right after the one
    before. If the copy began later, the target must have been known to continue the source up to there.

    Args:
        source: the journal that was copied, inside its snapshot.
        after: the global position that the copy started after.
        until: the last one that was copied.
        target: the journal that it was copied to.
    """

    def __init__(self, source: Journal, after: int, until: int, target: Journal) -> None:
        self._source = source
        self._after = after
        self._until = until
        self._target = target
        # The position of the event before the next one; None once an event is somewhere else.
        self._at = self._beginning(after)

    def _beginning(self, after: int) -> int | None:
        if after == 0:
            return 0
        noted = continued_journals(self._target.events.session, self._target.journal_id)
        known = next((each for each in noted if each.journal_id == self._source.journal_id), None)
        if known is None or after > known.position_there:
            return None
        return known.position_here - self._source.events.count_between(after, known.position_there)

    def watch(self, positions: Sequence[int | None]) -> None:
        """Take the global positions in the target of the next events; it has to be called with those of all of them.

        Args:
            positions: the positions, None for an event that is missing.
        """
        if self._at is not None:
            expected = range(self._at + 1, self._at + 1 + len(positions))
            in_order = all(map(eq, positions, expected))
            self._at = expected.stop - 1 if in_order else None

    def note(self, proof: Proof) -> None:
        """Note in the target that it continues the source, and what that continues, if the proof shows it.

        Args:
            proof: the result of the proof.

        Raises:
            StoreError: it cannot be written.
        """
        # An event that was recorded at another time has another line, so its cursor would not fit.
        if self._at is None or proof.digest is None or proof.dated_otherwise or proof.undated:
            return
        source = self._source
        # Some may have been left out, by their types or because they did not fit.
        if proof.events < source.events.count_between(self._after, self._until):
            return
        found = [ContinuedJournal(source.journal_id, self._until, self._at)]
        for earlier in continued_journals(source.events.session, source.journal_id):
            after_it = source.events.count_between(earlier.position_here, self._until)
            found.append(replace(earlier, position_here=self._at - after_it))
        _note(self._target, found)


class WholeFile:
    """Finds out during an import whether the journal gets all events of another one, from the first on, in its order.

    They are in a file whose seal says which journal it is. If as many events were appended as the file has, and the
    last one is at their number, then there was nothing before them, and nothing is between them.

    Args:
        journal: the journal that they are imported into.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._whole: WholeJournal | None = None
        self._last: EventFields | None = None

    def watching(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the batches of the file, all of which have to be imported.

        Args:
            batches: the events, and what is wrong with the lines between.
        """
        for batch in batches:
            if batch.lines:
                ids, versions, *_ = batch.columns
                self._last = (ids[-1], versions[-1])
            if batch.whole is None:
                yield batch
            else:
                self._whole = batch.whole

    def note(self, outcome: ImportOutcome) -> str | None:
        """Note in the journal that it continues the one in the file, and what that continues, if it is so.

        Args:
            outcome: the outcome of the import.

        Returns:
            Why it cannot be written; None if it was, or there is nothing to note.
        """
        whole, count = self._whole, outcome.appended
        # What is read counts also what was left out, did not fit, or was already there.
        is_all = outcome.committed and count == outcome.read
        if whole is None or not is_all or not 0 < count <= whole.position:
            return None
        try:
            page = next(iter(self._journal.events.pages(after=count - 1, until=count)), ())
            if [event[:2] for event in page] != [self._last]:
                return None
            found = [ContinuedJournal(whole.id, whole.position, count)]
            found += [ContinuedJournal(each, *positions) for each, positions in whole.continues.items()]
            _note(self._journal, found)
        except StoreError as error:
            return str(error)
        return None


def _note(journal: Journal, found: Iterable[ContinuedJournal]) -> None:
    """Note which journals a journal continues, unless it is known."""
    session, own = journal.events.session, journal.journal_id
    known = {each.journal_id: each.position_here for each in continued_journals(session, own)}
    new = [each for each in found if each.journal_id != own and each.position_here > known.get(each.journal_id, 0)]
    if new:
        note_continued(session, journal.events.table, own, new)
