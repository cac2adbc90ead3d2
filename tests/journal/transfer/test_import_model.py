"""Any file into any journal, split in any way: the result is that of a model of a dozen lines."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.interchange.rejects import Problem
from esjournal.journal.journal import Journal
from esjournal.journal.transfer import importing
from esjournal.journal.transfer.importing import import_events
from tests.helpers import given as helpers
from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.given import BAD, content, counts, positions, refilled

Place = tuple[str, int | None]

events = st.builds(
    lambda of, version, state: event(version, state, of=of),
    st.sampled_from([ID, OTHER_ID]),
    st.integers(0, 4),
    st.sampled_from(["{}", '{"x":1}']),
)
files = st.lists(st.one_of(events, events, events, st.just(BAD)), max_size=25)
journals = st.lists(events, max_size=8, unique_by=lambda found: found[:2])


@dataclass
class Model:
    """A journal as a dictionary, and an import as a loop."""

    stored: dict[Place, RecordedEvent]
    contiguous: bool = False
    appended: int = 0
    there: int = 0
    conflicts: list[int] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)

    def take(self, line: int, found: RecordedEvent | str) -> None:
        if isinstance(found, str) or (self.contiguous and not self.follows(found)):
            self.bad.append(line)
        elif (there := self.stored.get(found[:2])) is None:
            self.stored[found[:2]] = found
            self.appended += 1
        elif there.state == found.state:
            self.there += 1
        else:
            self.conflicts.append(line)

    def follows(self, found: RecordedEvent) -> bool:
        versions = [version or 0 for of, version in self.stored if of == found.originator_id]
        return (found.originator_version or 0) <= (max(versions) + 1 if versions else 1)


@settings(max_examples=30)
@given(
    before=st.one_of(st.just([]), journals),
    file=files,
    chunk=st.integers(1, 8),
    size=st.integers(1, 8),
    commit_every=st.one_of(st.none(), st.integers(1, 9)),
    contiguous=st.booleans(),
)
def test_an_import_that_puts_aside_ends_as_the_model_does(
    journal: Journal,
    before: list[RecordedEvent],
    file: list[RecordedEvent | str],
    chunk: int,
    size: int,
    commit_every: int | None,
    contiguous: bool,
) -> None:
    model = Model({found[:2]: found for found in before}, contiguous)
    for line, found in enumerate(file, 1):
        model.take(line, found)
    aside: list[Problem] = []
    refilled(journal, before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "CHUNK_EVENTS", chunk)
        outcome = import_events(
            journal,
            helpers.given(*file, size=size),
            put_aside=aside.append,
            commit_every=commit_every,
            require_contiguous=contiguous,
        )
        assert outcome.committed
        assert counts(outcome) == (
            len(file),
            model.appended,
            model.there,
            len(model.conflicts),
            len(model.bad),
        )
        assert sorted(found.line for found in aside) == sorted([*model.bad, *model.conflicts])
        assert content(journal) == [found[:4] for found in model.stored.values()]
        assert positions(journal) == list(range(1, len(model.stored) + 1))


@settings(max_examples=20)
@given(before=st.one_of(st.just([]), journals), file=files, chunk=st.integers(1, 8), size=st.integers(1, 8))
def test_an_import_of_all_or_nothing_counts_as_the_model_does_and_writes_all_or_nothing(
    journal: Journal, before: list[RecordedEvent], file: list[RecordedEvent | str], chunk: int, size: int
) -> None:
    model = Model({found[:2]: found for found in before})
    for line, found in enumerate(file, 1):
        model.take(line, found)
    refilled(journal, before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "CHUNK_EVENTS", chunk)
        for _ in range(2):
            outcome = import_events(journal, helpers.given(*file, size=size))
            written = not model.conflicts and not model.bad
            assert outcome.committed is written
            assert outcome.problems == len(model.conflicts) + len(model.bad)
            kept = model.stored.values() if written else before
            assert content(journal) == [found[:4] for found in kept]
        if written:
            assert (outcome.appended, outcome.already_there) == (0, len(file))
