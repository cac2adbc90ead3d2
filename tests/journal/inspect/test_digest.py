"""A digest depends on which events there are and on their order, and not on where they are stored."""

from __future__ import annotations

import hashlib
import io
import re
from uuid import UUID

import pytest

from esjournal.domain.choices import FileFormat
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.interchange import ndjson
from esjournal.journal.inspect.digest import digest_of, sequence_digests
from esjournal.journal.inspect.verification import Verification
from esjournal.journal.journal import open_journal
from esjournal.journal.transfer.exporting import export_events
from tests.helpers.events import ID, OTHER_ID, event, generated, sequence
from tests.helpers.stores import journal_with

# States that contain a global position, are not JSON, or have line breaks, and text that NDJSON escapes.
UNUSUAL = [
    event(0, '{"a":"\\u0000","global_position":5}'),
    event(1, 'secret,"global_position":5}\n'),
    event(2, '{\n"a":\n[1.10]}'),
    event(0, "{}", of=OTHER_ID, event_type='"\u00e9\u6f22'),
]


def by_hand(events: list[RecordedEvent]) -> str:
    lines = [ndjson.line_of(found._replace(global_position=7)) for found in events]
    return hashlib.sha256("".join(f"{line[: line.rindex(',')]}}}\n" for line in lines).encode()).hexdigest()


@pytest.mark.parametrize("events", [[], UNUSUAL, list(generated(1_201))], ids=["none", "unusual", "many"])
def test_a_digest_is_that_of_the_exported_lines_without_their_positions(
    store_url: str, events: list[RecordedEvent]
) -> None:
    journal_with(store_url, events)
    stream = io.BytesIO()
    with open_journal(store_url) as journal:
        export_events(journal, stream, FileFormat.NDJSON)
        verification = Verification(journal, digested=True)
        list(verification.findings())
        exported = re.sub(rb',"global_position":[0-9]*}$', b"}", stream.getvalue(), flags=re.MULTILINE)
        assert verification.digest == digest_of(journal.events.pages()) == hashlib.sha256(exported).hexdigest()
        assert verification.digest == by_hand(events)


def test_a_digest_does_not_depend_on_where_the_events_stand(store_url: str) -> None:
    journal_with(store_url, [event(7), *UNUSUAL])
    with open_journal(store_url) as journal:
        assert digest_of(journal.events.pages(after=1)) == by_hand(UNUSUAL)


@pytest.mark.parametrize(
    "changed",
    [
        [*UNUSUAL[1:], UNUSUAL[0]],
        UNUSUAL[1:],
        [UNUSUAL[0]._replace(state='{ "a":"\\u0000","global_position":5}'), *UNUSUAL[1:]],
        [UNUSUAL[0]._replace(recorded_at="2026-01-31T12:00:00.000001Z"), *UNUSUAL[1:]],
    ],
    ids=["other order", "one less", "a space", "a microsecond"],
)
def test_other_events_have_another_digest(sqlite_url: str, changed: list[RecordedEvent]) -> None:
    journal_with(sqlite_url, changed)
    with open_journal(sqlite_url) as journal:
        assert digest_of(journal.events.pages()) == by_hand(changed) != by_hand(UNUSUAL)


@pytest.mark.parametrize("length", [1, 499, 500, 501, 1_001])
def test_each_sequence_has_its_digest_in_the_order_of_the_ids(store_url: str, length: int) -> None:
    ids = [str(UUID(int=0)), OTHER_ID, ID, str(UUID(int=2**128 - 1))]
    sequences = {originator_id: sequence(3, of=originator_id) for originator_id in ids}
    sequences[ID] = sequence(length)
    # The order of versions differs from the order in which the events were appended.
    journal_with(store_url, [found for originator_id in reversed(ids) for found in reversed(sequences[originator_id])])
    with open_journal(store_url) as journal:
        digests = list(sequence_digests(journal, until=journal.events.last_global_position()))
    assert digests == [(originator_id, by_hand(sequences[originator_id])) for originator_id in sorted(ids)]


def test_events_appended_meanwhile_are_in_no_digest(store_url: str) -> None:
    journal_with(store_url, sequence(3))
    with open_journal(store_url) as journal:
        journal.events.append([event(3), event(0, of=OTHER_ID)])
        assert list(sequence_digests(journal, until=3)) == [(ID, by_hand(sequence(3)))]
