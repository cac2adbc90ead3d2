"""The events of a copy's target, read by a second process while this one reads the source.

For the proof, nearly always each page of the source is the next one of the target. Whole columns travel through the
pipe as one text each, which takes a tenth of the time that rows take, and are compared as such.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.interchange.gcpause import uncollected
from esjournal.interchange.secondprocess import second_process
from esjournal.journal.journal import Journal
from esjournal.journal.read.secondreader import second_reader_pays

# No event of a source contains it: equal texts of as many values have equal values.
_SEPARATOR = "\0"

_Content = tuple[Any, ...]


class Alongside:
    """Compares pages of a source with those of the target, as long as these have the same events.

    Args:
        pages: the range of global positions and the content of each page of the target.
    """

    def __init__(self, pages: Iterator[tuple[range, _Content]]) -> None:
        self._pages: Iterator[tuple[range, _Content]] | None = pages

    def positions_of(self, columns: Sequence[Sequence[Any]]) -> range | None:
        """Return the global positions of events in the target if its next page has exactly these.

        Args:
            columns: the events, as columns.

        Returns:
            None if it has not, now and from then on: they have to be looked up.
        """
        if self._pages is None:
            return None
        positions, there = next(self._pages, (range(0), ()))
        if there == content_of_columns(columns):
            return positions
        self._pages = None
        return None


@contextmanager
def target_alongside(target: Journal | None, first: RecordedEvent | None) -> Iterator[Alongside]:
    """Yield what compares events with those of a journal from one of them on, in a second process if that pays.

    Args:
        target: the journal; None for a file, which is read in another way.
        first: the first event of the source, None if there is none.
    """
    begin = None
    if target is not None and target.layout is None and first is not None:
        found = target.events.stored_at([first]).get(first[:2])
        begin = None if found is None else found.global_position
    if target is None or begin is None:
        yield Alongside(iter(()))
        return
    after, until = begin - 1, target.events.last_global_position()
    if not second_reader_pays(target, until - after):
        yield Alongside(iter(()))
        return

    def there() -> Iterator[tuple[range, _Content]]:
        session = target.events.session
        session.forget_connections()
        with uncollected(), session.snapshot():
            for page in target.events.pages_in_one_statement(after=after, until=until):
                *columns, positions = zip(*page, strict=True)
                content = content_of_columns(columns)
                if content is None or positions[-1] - positions[0] != len(positions) - 1:
                    return
                yield range(positions[0], positions[-1] + 1), content

    with second_process(there) as received:
        yield Alongside(received)


def content_of_columns(columns: Sequence[Sequence[Any]]) -> _Content | None:
    """Return what is equal for equal columns only, and is small to send; None if one has values of unusual classes."""
    ids, versions, types, states, times, metadata, event_ids = columns
    try:
        texts = [_SEPARATOR.join(column) for column in (ids, types, states, times)]
        numbers = array("q", versions).tobytes()
    except (TypeError, OverflowError):
        return None
    return (numbers, *texts, *(_without_nones(column) for column in (metadata, event_ids)))


def _without_nones(column: Sequence[str | None]) -> list[str | None]:
    return [] if column.count(None) == len(column) else list(column)
