"""Many processes on one journal: nothing lost, nothing twice, one winner for each version, and followers in order."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import msgspec
import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.infrastructure.sqlalchemy.activerecords import (
    RecordedEventRecord,
    SQLAlchemyActiveRecordStrategy,
)
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from tests.helpers.concurrency.followed import Acknowledged
from tests.helpers.concurrency.writers import Writer

pytestmark = pytest.mark.long

StartWriters = Callable[..., list[Writer]]
Stored = tuple[int, int, str]


class State(msgspec.Struct):
    nonce: str


@pytest.fixture
def strategy(store_url: str) -> Iterator[SQLAlchemyActiveRecordStrategy[RecordedEvent]]:
    """A follower that reads the journal with its global positions."""
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=store_url), tables=(RecordedEventRecord,)) as datastore:
        datastore.setup_tables()
        yield SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=RecordedEventRecord, sequenced_item_class=RecordedEvent
        )


def as_acknowledged(item: RecordedEvent) -> Acknowledged:
    nonce = msgspec.json.decode(item.state, type=State).nonce
    assert item.global_position is not None
    assert item.originator_version is not None
    return Acknowledged(item.global_position, item.originator_version, nonce)


def running(writers: list[Writer]) -> bool:
    return any(writer.process.poll() is None for writer in writers)


def test_eight_processes_lose_nothing_and_a_follower_sees_every_event_once_in_order(
    store_url: str, strategy: SQLAlchemyActiveRecordStrategy[RecordedEvent], start_writers: StartWriters
) -> None:
    writers = (
        start_writers(3, store_url, 60, 3) + start_writers(3, store_url, 60, 1) + start_writers(2, store_url, 15, 70)
    )
    followed: list[Acknowledged] = []
    polls = 0
    while running(writers):
        followed += map(as_acknowledged, strategy.all_items(after=len(followed)))
        polls += 1
        # After a gap, a follower would count wrongly from here on.
        assert [event.position for event in followed[-500:]] == list(range(len(followed) + 1))[-500:][: len(followed)]
    followed += map(as_acknowledged, strategy.all_items(after=len(followed)))

    acknowledged = [event for writer in writers for batch in writer.finish() for event in batch]
    assert len(acknowledged) == 3 * 60 * 3 + 3 * 60 * 1 + 2 * 15 * 70
    assert followed == sorted(acknowledged)
    assert [event.position for event in followed] == list(range(1, len(acknowledged) + 1))
    assert list(map(as_acknowledged, strategy.all_items())) == followed
    assert polls > 5


def test_sixteen_processes_on_one_sequence_have_one_winner_a_version(
    store_url: str, strategy: SQLAlchemyActiveRecordStrategy[RecordedEvent], start_writers: StartWriters
) -> None:
    sequence = uuid4()
    writers = start_writers(16, store_url, 6, 2, sequence)
    acknowledged = sorted(event for writer in writers for batch in writer.finish() for event in batch)

    stored = [as_acknowledged(item) for item in strategy.get_items(str(sequence))]
    assert stored == acknowledged
    assert [event.version for event in stored] == list(range(16 * 6 * 2))
    assert [event.position for event in stored] == list(range(1, 16 * 6 * 2 + 1))
    assert len({event.nonce for event in stored}) == len(stored)
