"""Verifying a journal: everything stored is read once and checked against the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from types import NoneType
from uuid import UUID

from esjournal.domain.findings import WHOLE, Finding, FindingKind
from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import EventRow
from esjournal.domain.model.rules import are_sound
from esjournal.domain.state.batchcheck import doubtful
from esjournal.domain.text import counted, shortened, span
from esjournal.exceptions import InvalidData, InvalidLine, StoreDamaged, TimeOutOfRange
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.sqlalchemy.activerecords import PAGE_SIZE
from esjournal.interchange.formats import is_file_of_events
from esjournal.interchange.gcpause import uncollected
from esjournal.interchange.rejects import Problem
from esjournal.journal.inspect.digest import Digest
from esjournal.journal.journal import Journal, open_journal, open_temporary_journal
from esjournal.journal.read.criteria import AsOf, position_as_of
from esjournal.journal.read.pages import Page
from esjournal.journal.temporary import open_file, open_read_in

# For each field but the global position: the kind of finding if it breaks its rule, its class, and the rule.
_RULES: tuple[tuple[FindingKind, type, Callable[[str], object]], ...] = (
    (FindingKind.BAD_ID, str, rules.originator_id),
    (FindingKind.BAD_VERSION, int, rules.originator_version),
    (FindingKind.BAD_TYPE, str, rules.event_type),
    (FindingKind.BAD_STATE, str, rules.json_object),
    (FindingKind.BAD_MOMENT, str, rules.recorded_at),
    (FindingKind.BAD_METADATA, str, partial(rules.json_object, name="metadata")),
    (FindingKind.BAD_EVENT_ID, str, partial(rules.originator_id, name="event_id")),
)
# Those that an event may lack.
_OPTIONAL = {FindingKind.BAD_METADATA, FindingKind.BAD_EVENT_ID}
_CLASSES = [{cls, NoneType} if kind in _OPTIONAL else {cls} for kind, cls, _ in _RULES]


@contextmanager
def open_to_verify(
    url: str, on_finding: Callable[[Finding], None], as_of: AsOf | None = None
) -> Iterator[tuple[Journal, int | None]]:
    """Open a journal, or a file of events or another library's tables as a journal, and close it afterwards.

    It is yielded with the last global position to verify, which is None if that is the last one there is.

    Args:
        url: a URL, the path of a SQLite file, or that of an NDJSON or CSV file, compressed or not.
        on_finding: called for each line of a file that is not an event or conflicts with another one; the journal has
            the other events. If nothing after a line can be read, that line is the last finding, and the journal is
            empty.
        as_of: the journal is verified as it was then.

    Raises:
        InvalidURL: the URL cannot be used.
        StoreError: there is no journal, or it cannot be opened.
        UnusableFile: the file cannot be read.
    """
    with ExitStack() as opened:

        def put_aside(problem: Problem) -> None:
            on_finding(_problem_finding(problem))

        if not is_file_of_events(url):
            journal = opened.enter_context(open_journal(url, as_it_is=True))
            until = _until(journal, as_of)
            if journal.layout is not None:
                if (behind := journal.events.session.sequence_behind(journal.events.table)) is not None:
                    on_finding(Finding(FindingKind.SEQUENCE, journal.events.table.name, behind))
                # The copy numbers its events, and has none after the position.
                journal, _ = opened.enter_context(open_read_in(journal, put_aside, until=until))
                until = None
            yield journal, until
            return
        try:
            journal, _ = opened.enter_context(open_file(url, put_aside))
        except InvalidLine as error:
            on_finding(_problem_finding(error))
            journal = replace(opened.enter_context(open_temporary_journal()), shown_url=url)
        yield journal, _until(journal, as_of)


def _until(journal: Journal, as_of: AsOf | None) -> int | None:
    return None if as_of is None else position_as_of(journal, as_of)


class Verification:
    """A verification of a journal, up to a position, or to its last event when the verification begins.

    `until` is the global position of that event; `events` counts the events read; `digest` is the SHA-256 of them all
    if it was wanted and every event could be read, else None; `is_damaged` says whether something could not be read;
    `own_check` is the name of the check that the database made itself, and `unchecked` says which one it could not
    make; `is_protected` says whether it refuses to change or delete events. They are complete once the last finding has
    been yielded.

    Args:
        journal: an open journal.
        mapped: also map events to the classes of this process.
        digested: also make a digest of the events.
        until: the last global position to read, by default the last one there is. What the database checks by itself is
            checked everywhere.
        quick: the database's own check leaves out whether the indexes have each event.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        mapped: bool = False,
        digested: bool = False,
        until: int | None = None,
        quick: bool = False,
    ) -> None:
        self._damage: StoreDamaged | None = None
        try:
            last = journal.events.last_global_position()
            self.until = last if until is None else min(last, until)
        except StoreDamaged as error:
            self.until, self._damage = 0, error
        self.events = 0
        self.is_damaged = False
        self.own_check: str | None = None
        self.unchecked: str | None = None
        self.is_protected = False
        self._journal = journal
        self._quick = quick
        self._opaque = journal.layout is not None and journal.layout.has_opaque_states
        self._map = SequencedItemMapper(StoredEvent).from_sequenced_item if mapped else None
        self._digest = Digest() if digested else None
        # The global position after which the next event is expected.
        self._position = 0

    @property
    def digest(self) -> str | None:
        """The digest of all events."""
        return None if self._digest is None else self._digest.hexdigest()

    def findings(self, on_progress: Callable[[int], None] = lambda events: None) -> Iterator[Finding]:
        """Yield what is wrong as it is found, in constant memory.

        Args:
            on_progress: called repeatedly with the number of events read so far.
        """
        for finding in self._findings(on_progress):
            self.is_damaged = self.is_damaged or finding.kind == FindingKind.INTEGRITY
            yield finding

    def _findings(self, on_progress: Callable[[int], None]) -> Iterator[Finding]:
        if self._damage is not None:
            yield Finding(FindingKind.INTEGRITY, WHOLE, self._damage.reason)
        checks = self._journal.events.session.checks(self._journal.events.table, quick=self._quick)
        self.own_check, self.unchecked = checks.own_check(), checks.unchecked()
        yield from checks.shape()
        self.is_protected = checks.is_protected
        yield from checks.names()
        if (reason := checks.unreadable()) is not None:
            self._digest = None
            yield Finding(FindingKind.INTEGRITY, WHOLE, f"the events were not read: {reason}")
            return
        with checks.integrity() as found_by_the_database:
            with uncollected():
                yield from self._read(on_progress)
            yield from checks.positions()
            yield from checks.versions()
            yield from found_by_the_database

    def _read(self, on_progress: Callable[[int], None]) -> Iterator[Finding]:
        while self._position < self.until:
            try:
                for page in self._pages(self._position, self.until):
                    yield from self._verified(page)
                    on_progress(self.events)
            except StoreDamaged as error:
                yield from self._read_one_by_one(error.reason)
            else:
                yield from self._missing_before(self.until + 1)
                return

    def _read_one_by_one(self, reason: str) -> Iterator[Finding]:
        """Find out which events of a page cannot be read."""
        # Without some of the events, it would be the digest of another journal.
        self._digest = None
        begin = self._position
        unreadable: list[int] = []
        for position in range(begin + 1, min(begin + PAGE_SIZE, self.until) + 1):
            try:
                for page in self._pages(position - 1, position):
                    yield from self._verified(page)
            except StoreDamaged as error:
                unreadable.append(position)
                self._position = position
                kind = FindingKind.BAD_MOMENT if isinstance(error, TimeOutOfRange) else FindingKind.INTEGRITY
                yield Finding(kind, str(position), f"the event cannot be read: {error.reason}")
        if begin == self._position or len(unreadable) == PAGE_SIZE:
            place = span(self._position + 1, self.until)
            yield Finding(FindingKind.INTEGRITY, place, f"the rest was not read: {reason}")
            self._position = self.until

    def _pages(self, after: int, until: int) -> Iterator[Page]:
        # Not ahead, which relies on positions without gaps, and that is not proved yet.
        # Nor are classes checked by reading: each value of another class is a finding.
        return self._journal.events.pages(after=after, until=until, checked=False)

    def _verified(self, page: Page) -> Iterator[Finding]:
        first, last = page[0][-1], page[-1][-1]
        if (first, last) != (self._position + 1, self._position + len(page)):
            for event in page:
                yield from self._missing_before(event[-1])
        self._position = last
        self.events += len(page)
        suspects = _suspects(page)
        bad = set()
        for event in suspects:
            for finding in _field_findings(event, opaque=self._opaque):
                bad.add(event[-1])
                yield finding
        if self._map is not None:
            for event in page:
                if event[-1] not in bad:
                    yield from _mapping_findings(self._map, event)
        if bad and not all(found <= allowed for found, allowed in zip(_classes_of(page), _CLASSES, strict=True)):
            self._digest, self.is_damaged = None, True
        elif self._digest is not None:
            self._digest.update(page, checked=not suspects)

    def _missing_before(self, position: int) -> Iterator[Finding]:
        first, last = self._position + 1, position - 1
        # A file may have a part of a journal, with the journal's positions. Journals themselves have no gaps.
        if first <= last and self._journal.events.session.is_shared:
            missing = counted(last - first + 1, "event")
            yield Finding(FindingKind.MISSING_POSITION, span(first, last), f"{missing} missing")
        self._position = position


def _classes_of(page: Page) -> list[set[type]]:
    return [set(map(type, column)) for column in list(zip(*page, strict=True))[: len(_RULES)]]


def _suspects(page: Page) -> Page:
    """Return the events of a page that need a closer look.

    The others are found to keep all rules by checking whole columns, which takes a tenth of the time.
    """
    ids, versions, types, states, times, metadata, event_ids, _ = zip(*page, strict=True)
    if are_sound(ids, versions, types, times):
        # A state that is not text raises this.
        with suppress(TypeError):
            suspects = {*doubtful(states)}
            described = [index for index, text in enumerate(metadata) if text is not None]
            suspects.update(described[at] for at in doubtful([metadata[index] for index in described]))
            if rules.are_canonical_ids([event_id for event_id in event_ids if event_id is not None]):
                return [page[index] for index in sorted(suspects)]
    return page


def _field_findings(event: tuple[object, ...], *, opaque: bool) -> Iterator[Finding]:
    position = str(event[-1])
    for (kind, cls, rule), value in zip(_RULES, event, strict=False):
        if value is None and kind in _OPTIONAL:
            continue
        # An id with a name is of a subclass.
        if not isinstance(value, cls) or isinstance(value, bool):
            yield Finding(kind, position, f"{shortened(value)} is {type(value).__name__}, not {cls.__name__}")
            continue
        if opaque and kind is FindingKind.BAD_STATE and not str(value).startswith("{"):
            continue
        try:
            canonical = rule(str(value))
        except InvalidData as error:
            yield Finding(kind, position, str(error))
            continue
        if canonical != value:
            yield Finding(kind, position, f"{shortened(value)} is not in its canonical form, {canonical!r}")


def _mapping_findings(map_item: Callable[[StoredEvent], object], event: EventRow) -> Iterator[Finding]:
    originator_id, version, event_type, state, *_, position = event
    try:
        map_item(StoredEvent(UUID(originator_id), version, event_type, state))
    except InvalidData as error:
        yield Finding(FindingKind.UNMAPPED, str(position), str(error))


def _problem_finding(problem: Problem) -> Finding:
    place = f"{problem.source}:{problem.line}"
    if isinstance(problem, InvalidLine):
        return Finding(FindingKind.BAD_LINE, place, problem.reason)
    return Finding(FindingKind.CONFLICT, place, str(problem.error))
