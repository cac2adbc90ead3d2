"""Events that may be there already: the same batch again, and other writers that are faster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import SequencedItemConflict
from esjournal.journal.journal import open_journal
from esjournal.journal.transfer.appending import append_if_absent
from tests.helpers.events import ID, OTHER_ID, event, sequence
from tests.helpers.stores import journal_with, stored


def test_events_that_are_there_keep_their_position_and_time(store_url: str) -> None:
    journal_with(store_url, sequence(2))
    again = [event(0, of=OTHER_ID), event(1, '{"n":1}')._replace(recorded_at=None), event(2)]
    with open_journal(store_url) as journal:
        assert append_if_absent(journal, again) == [3, 2, 4]
        assert append_if_absent(journal, again) == [3, 2, 4]
        assert append_if_absent(journal, []) == []
    assert [found.recorded_at for found in stored(store_url)][:2] == [event().recorded_at] * 2


def test_nothing_is_written_where_one_event_differs(store_url: str) -> None:
    journal_with(store_url, sequence(3))
    with open_journal(store_url) as journal:
        with pytest.raises(SequencedItemConflict) as caught:
            append_if_absent(journal, [event(0, of=OTHER_ID), event(1)])
        assert caught.value.args == (ID, 1, 2, False)
        twice = [event(0, of=OTHER_ID), event(0, '{"n":1}', of=OTHER_ID)]
        with pytest.raises(SequencedItemConflict, match="is given twice, with a different event"):
            append_if_absent(journal, twice)
    assert len(stored(store_url)) == 3


@pytest.mark.parametrize("theirs", ['{"n":3}', '{"n":4}'])
def test_another_program_that_is_faster_is_noticed(
    store_url: str, monkeypatch: pytest.MonkeyPatch, theirs: str
) -> None:
    journal_with(store_url, sequence(3))
    with open_journal(store_url) as journal, open_journal(store_url) as other:
        append = journal.events.append

        def slow_append(events: Sequence[RecordedEvent]) -> Sequence[int]:
            if not other.events.get_item(ID, 3):
                other.events.append(event(3, theirs))
            return append(events)

        monkeypatch.setattr(journal.events, "append", slow_append)
        given: Any = [event(3, '{"n":3}'), event(4)]
        if theirs == '{"n":3}':
            assert append_if_absent(journal, given) == [4, 5]
        else:
            with pytest.raises(SequencedItemConflict, match="a different event"):
                append_if_absent(journal, given)
    assert len(stored(store_url)) == (5 if theirs == '{"n":3}' else 4)
