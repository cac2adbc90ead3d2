"""The statistics of a journal agree with counting by hand, on every database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.periods import Period
from esjournal.exceptions import StoreDamaged
from esjournal.infrastructure.sqlalchemy.activerecords import RecordedEventRecord, SQLAlchemyActiveRecordStrategy
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.infrastructure.sqlalchemy.postgresql.postgresqlcounts import PostgreSQLEventCounts
from esjournal.infrastructure.sqlalchemy.reports.eventcounts import EventCounts
from esjournal.infrastructure.sqlalchemy.sqlite.sqlitecounts import SQLiteEventCounts
from esjournal.journal.inspect.stats import LONGEST_SEQUENCES, Counted, LongSequence, count_events
from esjournal.journal.journal import Journal, initialise, open_journal
from tests.helpers.events import ID, OTHER_ID, TIME, event, generated, sequence
from tests.helpers.given import refilled

EVERYWHERE = settings(max_examples=30)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make statements end in the middle of everything."""
    for counts in (SQLiteEventCounts, PostgreSQLEventCounts):
        monkeypatch.setattr(counts, "SPAN", 3)
    monkeypatch.setattr(SQLiteEventCounts, "_PAGE", 2)


@pytest.fixture
def in_memory() -> Iterator[Journal]:
    tables = (RecordedEventRecord,)
    with SQLAlchemyDatastore(SQLAlchemySettings(uri="sqlite:///:memory:"), tables=tables) as datastore:
        datastore.setup_tables()
        events = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=RecordedEventRecord, sequenced_item_class=RecordedEvent
        )
        yield Journal(str(datastore.url), datastore.identity().journal_id, events)


def at(time: str, version: int | None = None, *, of: str = ID, event_type: str = "a.b#C") -> RecordedEvent:
    return RecordedEvent(of, version, event_type, "{}", time)


def by_hand(events: list[RecordedEvent], by: Period, size: int) -> Counted:
    types = Counter(event.event_type for event in events)
    sequences = Counter(event.originator_id for event in events)
    longest = sorted(sequences, key=lambda found: (-sequences[found], found))[:LONGEST_SEQUENCES]
    times = [str(event.recorded_at) for event in events]
    return Counted(
        events=len(events),
        sequences=len(sequences),
        size=size,
        first_recorded_at=min(times, default=None),
        last_recorded_at=max(times, default=None),
        types={name: types[name] for name in sorted(types, key=lambda found: (-types[found], found))},
        by=by,
        periods=dict(sorted(Counter(time[: by.characters] for time in times).items())),
        longest=[
            LongSequence(
                found,
                sequences[found],
                max(event.originator_version or 0 for event in events if event.originator_id == found),
            )
            for found in longest
        ],
    )


def test_an_empty_journal_has_nothing(journal: Journal) -> None:
    counted = count_events(journal)
    assert counted == by_hand([], Period.DAY, counted.size or 0)
    assert count_events(journal, by=Period.HOUR).by is Period.HOUR


@pytest.mark.parametrize(
    ("strays", "by"),
    [([], Period.HOUR), (["1970-01-01T00:00:00.000000Z"], Period.HOUR), (["9999-12-31T23:59:59.000000Z"], Period.HOUR)],
)
def test_a_few_events_far_away_have_no_say_in_the_period_of_a_chart(
    journal: Journal, strays: list[str], by: Period
) -> None:
    times = [f"2013-01-{day:02}T12:00:00.000000Z" for day in (1, 2, 3) for _ in range(5)]
    refilled(journal, [at(time, version) for version, time in enumerate([*times, *strays])])
    counted = count_events(journal, crowded=True)
    assert counted.by is by
    assert counted.periods["2013-01-01T12"] == 5
    assert counted.events == sum(counted.periods.values()) == sum(counted.types.values()) == 15 + len(strays)
    assert count_events(journal).by is (Period.MONTH if strays else by)
    assert count_events(journal, by=Period.DAY, crowded=True).by is Period.DAY


@EVERYWHERE
@given(
    places=st.lists(st.tuples(st.integers(1, 15), st.integers(0, 2**63 - 1)), unique=True, min_size=1, max_size=40),
    types=st.lists(st.text("aé'\"%漢", min_size=1, max_size=2), min_size=1, max_size=4),
    times=st.lists(st.datetimes(), min_size=1, max_size=5),
    by=st.sampled_from(Period),
)
@pytest.mark.usefixtures("small_steps")
def test_counts_equal_those_by_hand(
    journal: Journal, places: list[tuple[int, int]], types: list[str], times: list[datetime], by: Period
) -> None:
    events = [
        RecordedEvent(
            f"00000000-0000-4000-8000-{number:012}",
            version,
            types[index % len(types)],
            "{}",
            f"{times[index % len(times)].isoformat(timespec='microseconds')}Z",
        )
        for index, (number, version) in enumerate(places)
    ]
    refilled(journal, events)
    counted = count_events(journal, by=by)
    assert counted == by_hand(events, by, counted.size or 0)
    # Equality of the counts ignores their order, so the order is compared, too.
    expected = by_hand(events, by, 0)
    assert [list(counted.types), list(counted.periods)] == [list(expected.types), list(expected.periods)]


def test_many_events_are_counted_in_steps(journal: Journal) -> None:
    events = list(generated(25_001, sequences=6_000))
    with journal.events.transaction() as transaction:
        transaction.append(events)
    counted = count_events(journal)
    assert counted == by_hand(events, Period.MINUTE, counted.size or 0)


def test_a_journal_in_memory_is_counted(in_memory: Journal) -> None:
    in_memory.events.append(sequence(3))
    counted = count_events(in_memory)
    assert counted == by_hand(sequence(3), Period.MINUTE, counted.size or 0)
    assert (counted.size or 0) > 4_096


def test_events_appended_meanwhile_are_counted_wholly_or_not_at_all(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [*sequence(3), at("2026-02-01T00:00:00.000000Z", 0, of=OTHER_ID)]
    journal.events.append(before)
    last_position = journal.events.last_global_position

    def then_others_append() -> int:
        position = last_position()
        journal.events.append([at("0001-01-01T00:00:00.000000Z", 7), at("9999-01-01T00:00:00.000000Z", 8)])
        journal.events.append([at(TIME, version, of=f"{version:08}{ID[8:]}") for version in range(3)])
        return position

    monkeypatch.setattr(journal.events, "last_global_position", then_others_append)
    counted = count_events(journal)
    assert counted == by_hand(before, Period.HOUR, counted.size or 0)


@pytest.mark.parametrize(
    ("last", "by"),
    [
        ("2026-01-31T13:59:00.000000Z", Period.MINUTE),
        ("2026-02-05T11:00:00.000000Z", Period.HOUR),
        ("2026-04-30T11:00:00.000000Z", Period.DAY),
        ("2036-01-31T12:00:00.000000Z", Period.MONTH),
        ("9999-12-31T23:59:59.999999Z", Period.MONTH),
    ],
)
def test_the_periods_are_the_finest_that_a_plot_has_room_for(journal: Journal, last: str, by: Period) -> None:
    journal.events.append([at(last), at(TIME)])
    assert count_events(journal).by is by


def test_ages_between_two_events_are_no_more_than_two_periods(journal: Journal) -> None:
    events = [at("9999-12-31T23:59:59.999999Z", 0), at("0001-01-01T00:00:00.000000Z", 1)]
    journal.events.append(events)
    assert count_events(journal, by=Period.MINUTE).periods == {"0001-01-01T00:00": 1, "9999-12-31T23:59": 1}


def test_the_last_version_is_stored_and_not_counted(journal: Journal) -> None:
    journal.events.append([event(0), event(2**63 - 1), event(5)])
    assert count_events(journal).longest == [LongSequence(ID, 3, 2**63 - 1)]


def test_of_sequences_that_are_as_long_the_first_ids_are_shown(journal: Journal, small_steps: None) -> None:
    ids = [f"{number:08}{ID[8:]}" for number in range(30)]
    journal.events.append([event(0, of=found) for found in reversed(ids)])
    assert [found.originator_id for found in count_events(journal).longest] == ids[:LONGEST_SEQUENCES]


def test_the_size_grows_with_the_journal(journal: Journal) -> None:
    before = count_events(journal).size or 0
    with journal.events.transaction() as transaction:
        transaction.append(list(generated(2_000)))
    assert (count_events(journal).size or 0) > before + 100_000


def test_the_size_of_a_sqlite_file_is_what_lies_on_the_disk(sqlite_url: str, tmp_path: Path) -> None:
    initialise(sqlite_url)
    with open_journal(sqlite_url) as journal:
        journal.events.append(sequence(5_000))
        files = [tmp_path / "journal.db", tmp_path / "journal.db-wal"]
        assert count_events(journal).size == sum(file.stat().st_size for file in files)


def test_a_stored_time_that_is_none_is_named(sqlite_url: str) -> None:
    initialise(sqlite_url)
    with open_journal(sqlite_url) as journal:
        journal.events.append(sequence(2))
        with journal.events.session.connection() as connection:
            connection.execute("UPDATE stored_events SET recorded_at = 'some day' WHERE global_position = 2")
        with pytest.raises(StoreDamaged, match=r"'some day'.*verify"):
            count_events(journal)


def test_no_statement_reads_more_than_its_span(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer or Ctrl-C waits for one statement at most, and memory holds the rows of one."""
    journal.events.append([event(version, event_type=f"t{version}") for version in range(10)])
    found: list[int] = []
    rows = EventCounts._rows

    def noted(self: EventCounts, select: str, *parameters: object) -> list[tuple[object, ...]]:
        answer = rows(self, select, *parameters)
        found.append(len(answer))
        return answer

    monkeypatch.setattr(EventCounts, "_rows", noted)
    for counts in (SQLiteEventCounts, PostgreSQLEventCounts):
        monkeypatch.setattr(counts, "SPAN", 4)
    count_events(journal)
    assert max(found) == 4


def test_periods_are_in_utc_wherever_the_server_thinks_it_is(postgres_url: str) -> None:
    url = f"{postgres_url}&options=-c%20timezone%3DAsia/Kolkata"
    initialise(url)
    with open_journal(url) as journal:
        journal.events.append([at("2025-12-31T23:59:59.000000Z", 0), at("2026-01-01T00:00:00.000000Z", 1)])
        counted = count_events(journal, by=Period.MONTH)
    assert counted.periods == {"2025-12": 1, "2026-01": 1}
    assert counted.first_recorded_at == "2025-12-31T23:59:59.000000Z"
