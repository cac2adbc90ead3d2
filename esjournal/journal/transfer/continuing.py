"""Noting in the target of a copy which journal it continues, so that cursors of that journal are taken there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from esjournal.infrastructure.sqlalchemy.continuedjournals import (
    ContinuedJournal,
    continued_journals,
    note_continued,
)
from esjournal.journal.journal import Journal
from esjournal.journal.transfer.proof import Proof
from esjournal.journal.transfer.target import Counterparts, EventFields


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
        noted = continued_journals(target.events.session, target.journal_id)
        self._known = {each.journal_id: each for each in noted}
        # The position of the event before the next one; None once an event is somewhere else.
        self._at = self._beginning(after)

    def _beginning(self, after: int) -> int | None:
        if after == 0:
            return 0
        known = self._known.get(self._source.journal_id)
        if known is None or after > known.position_there:
            return None
        return known.position_here - self._source.events.count_between(after, known.position_there)

    def watching(self, find: Counterparts) -> Counterparts:
        """Return a function that finds events as another one does; it has to be called with all of them.

        Args:
            find: finds events in the target.
        """

        def found(events: Sequence[EventFields]) -> Sequence[EventFields | None]:
            rows = find(events)
            if self._at is not None:
                expected = range(self._at + 1, self._at + 1 + len(rows))
                in_order = all(row is not None and row[-1] == at for row, at in zip(rows, expected, strict=True))
                self._at = expected.stop - 1 if in_order else None
            return rows

        return found

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
        new = [each for each in found if self._is_new(each)]
        if new:
            session = self._target.events.session
            note_continued(session, self._target.events.table, self._target.journal_id, new)

    def _is_new(self, found: ContinuedJournal) -> bool:
        if found.journal_id == self._target.journal_id or found.position_here < 1:
            return False
        known = self._known.get(found.journal_id)
        return known is None or known.position_here < found.position_here
