"""A writer that is killed while it writes: acknowledged events are there, and only whole batches are there."""

import random
import time
from collections import defaultdict
from collections.abc import Callable

import pytest

from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy
from esjournal.journal.journalstore import open_event_store
from tests.helpers.concurrency.writers import Writer

pytestmark = pytest.mark.long

KILLS = 10
ENDLESS = 1_000_000


@pytest.mark.parametrize("size", [7, 60])
def test_a_killed_writer_leaves_every_acknowledged_batch_and_no_partial_one(
    store_url: str, start_writers: Callable[..., list[Writer]], size: int
) -> None:
    acknowledged: set[str] = set()
    for _ in range(KILLS // 2):
        [writer] = start_writers(1, store_url, ENDLESS, size)
        while not writer.acknowledged():
            assert writer.process.poll() is None
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.1))
        writer.process.kill()
        writer.process.wait()
        acknowledged.update(event.nonce for batch in writer.acknowledged() for event in batch)

        with open_event_store(store_url, create=True) as store:
            sequences = defaultdict(list)
            for event in store.all_domain_events():
                sequences[event.originator_id].append(event.originator_version)
            assert set(map(tuple, sequences.values())) == {tuple(range(size))}
            nonces = {event.nonce for event in store.all_domain_events()}
            assert acknowledged <= nonces
            assert isinstance(store.active_record_strategy, SQLAlchemyActiveRecordStrategy)
            assert store.active_record_strategy.last_global_position() == len(sequences) * size
    assert len(acknowledged) >= KILLS // 2 * size
