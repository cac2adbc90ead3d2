"""Snapshots of a session: later commits are not seen inside, and are seen afterwards, on each database."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import chain

import pytest

from esjournal.exceptions import StoreDamaged, StoreUnreachable
from esjournal.journal.journal import Journal, initialise, open_journal
from tests.helpers.events import OTHER_ID, event, generated, sequence


@pytest.fixture
def reader(store_url: str) -> Iterator[Journal]:
    initialise(store_url)
    with open_journal(store_url) as journal:
        yield journal


@pytest.fixture
def writer(reader: Journal, store_url: str) -> Iterator[Journal]:
    """Another connection that has the same journal open."""
    with open_journal(store_url) as journal:
        yield journal


def versions(journal: Journal, *, ahead: bool = False) -> list[int]:
    return [found[1] for page in journal.events.pages(size=2, ahead=ahead) for found in page]


def test_events_committed_meanwhile_are_seen_only_afterwards(reader: Journal, writer: Journal) -> None:
    first, second, third = sequence(9)[:3], sequence(9)[3:6], sequence(9)[6:]
    writer.events.append(first)
    with reader.events.session.snapshot():
        # Nothing has been read yet: the snapshot is taken when the block begins.
        writer.events.append(second)
        assert reader.events.last_global_position() == 3
        pages = reader.events.pages(size=2)
        assert len(next(pages)) == 2
        writer.events.append(third)
        assert sum(map(len, pages)) == 1
        assert versions(reader) == versions(reader, ahead=True) == [0, 1, 2]
        assert reader.events.get_item(first[0].originator_id, 3) is None
    assert reader.events.last_global_position() == 9
    assert versions(reader) == versions(reader, ahead=True) == list(range(9))


def test_pages_are_read_in_advance_and_the_reader_may_stop_in_the_middle(reader: Journal, writer: Journal) -> None:
    writer.events.append(generated(60))
    with reader.events.session.snapshot():
        pages = reader.events.pages(size=10, ahead=True)
        assert len(next(pages)) == 10
        assert isinstance(pages, Generator)
        pages.close()
        writer.events.append(sequence(3, of=OTHER_ID))
        assert len(versions(reader, ahead=True)) == 60


def test_pages_in_one_statement_are_what_pages_are_and_the_reader_may_stop_in_the_middle(
    reader: Journal, writer: Journal
) -> None:
    writer.events.append(generated(1_203))
    with reader.events.session.snapshot():
        pages = reader.events.pages_in_one_statement(after=1, until=1_202)
        first = next(pages)
        writer.events.append(sequence(3, of=OTHER_ID))
        found = [*first, *chain.from_iterable(pages)]
        assert found == list(chain.from_iterable(reader.events.pages(after=1, until=1_202)))
        assert len(found) == 1_201
        stopped = reader.events.pages_in_one_statement(after=0, until=2_000)
        assert next(stopped)[0][-1] == 1
        del stopped
        assert len(versions(reader)) == 1_203


def test_a_snapshot_holds_up_no_writer_and_leaves_nothing_open(reader: Journal, writer: Journal) -> None:
    with reader.events.session.snapshot():
        writer.events.append(sequence(3))
    # Only a session without an open transaction can write.
    assert reader.events.append(event(3)) == range(4, 5)


def test_an_exception_ends_a_snapshot_and_passes_as_it_is(reader: Journal, writer: Journal) -> None:
    def fail() -> None:
        with reader.events.session.snapshot():
            # Inside a connection's lease this would become an error of the store.
            b"\xff".decode()

    with pytest.raises(UnicodeDecodeError):
        fail()
    writer.events.append(sequence(2))
    assert versions(reader) == [0, 1]
    assert reader.events.append(event(2)) == range(3, 4)


def test_an_error_of_the_store_inside_a_snapshot_is_translated_and_ends_it(reader: Journal, writer: Journal) -> None:
    def damage() -> None:
        with reader.events.session.snapshot(), reader.events.session.connection():
            b"\xff".decode()

    with pytest.raises(StoreDamaged):
        damage()
    writer.events.append(sequence(2))
    assert versions(reader) == [0, 1]


def test_one_snapshot_may_follow_another(reader: Journal, writer: Journal) -> None:
    seen = []
    for version in range(3):
        with reader.events.session.snapshot():
            writer.events.append(event(version))
            seen.append(reader.events.last_global_position())
    assert seen == [0, 1, 2]


def test_pages_that_two_readers_share_are_read_alone_if_the_server_is_lost_while_it_reads_ahead(
    reader: Journal, writer: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> Iterator[None]:
        raise StoreUnreachable("lost")
        yield

    writer.events.append(generated(1_203))
    pages = list(reader.events.pages_after([500, 1_000], until=1_203))
    assert [len(page) for page in pages] == [500, 203]
    monkeypatch.setattr(reader.events.session, "rows_of_each", lost)
    assert list(reader.events.pages_after([500, 1_000], until=1_203)) == pages
    assert list(reader.events.pages_after([], until=1_203)) == []
    monkeypatch.setattr(reader.events.session, "rows", lost)
    with pytest.raises(StoreUnreachable):
        next(reader.events.pages_after([500], until=1_203))
