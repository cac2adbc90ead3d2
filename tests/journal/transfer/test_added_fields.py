"""What an event may have besides its type and state: metadata, an event id, and the name of its sequence."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name, name_of_id
from esjournal.exceptions import Conflict, EventIdTaken, InvalidData, SequencedItemConflict
from esjournal.journal.journal import Journal, initialise, open_journal, open_temporary_journal
from esjournal.journal.read.follow import follow
from esjournal.journal.transfer.copying import copy_events
from esjournal.journal.transfer.importing import import_events
from esjournal.journal.transfer.verdicts import ImportOutcome
from tests.helpers.events import ID, OTHER_ID, TIME, event, recorded_events, sequence
from tests.helpers.given import given as given_events
from tests.helpers.program import ended, invoke
from tests.helpers.stores import execute, stored

EVENT_ID = "00000000-0000-4000-8000-0000000000aa"
OTHER_EVENT_ID = "00000000-0000-4000-8000-0000000000ab"
NAMED = id_of_name("order-1001")
PLAIN = f'{{"originator_id":"{ID}","originator_version":0,"event_type":"a#B","state":{{}},"recorded_at":"{TIME}"}}\n'
FULL = (
    f'{{"originator_id":"{NAMED}","sequence_name":"order-1001","originator_version":0,"event_type":"a#B",'
    f'"state":{{"a": 1.10}},"metadata":{{"user": "ann",  "n":1.0}},"event_id":"{EVENT_ID}","recorded_at":"{TIME}"}}\n'
)


def numbered(*lines: str) -> str:
    return "".join(f'{line[:-2]},"global_position":{at}}}\n' for at, line in enumerate(lines, 1))


def exported(url: str, *options: str) -> str:
    result = invoke("export", *options, url=url)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def imported(url: str, *lines: str, **options: str) -> str:
    result = invoke("import", "-", url=url, input="".join(lines), **options)
    assert result.exit_code == 0, result.stderr
    return result.stderr


def given_to(journal: Journal, events: Sequence[RecordedEvent], **options: object) -> ImportOutcome:
    return import_events(journal, given_events(*events), **options)  # type: ignore[arg-type]


@pytest.fixture
def journal(store_url: str) -> Iterator[Journal]:
    initialise(store_url)
    with open_journal(store_url) as journal:
        yield journal


# Files


def test_they_are_kept_byte_for_byte_and_exported_again(store_url: str) -> None:
    initialise(store_url)
    imported(store_url, PLAIN, FULL)
    assert exported(store_url) == numbered(PLAIN, FULL)
    [_, found] = stored(store_url)
    assert found.metadata == '{"user": "ann",  "n":1.0}'
    assert (found.event_id, name_of_id(found.originator_id)) == (EVENT_ID, "order-1001")


def test_csv_has_their_columns_only_when_the_journal_has_any(store_url: str, tmp_path: Path) -> None:
    initialise(store_url)
    imported(store_url, PLAIN)
    header = exported(store_url, "-F", "csv").splitlines()[0]
    assert header == "originator_id,originator_version,event_type,state,recorded_at,global_position"
    imported(store_url, FULL)
    text = exported(store_url, "-F", "csv")
    [plain, full] = csv.DictReader(io.StringIO(text))
    assert (plain["metadata"], plain["event_id"], plain["sequence_name"]) == ("", "", "")
    assert (full["metadata"], full["event_id"], full["sequence_name"]) == (
        '{"user": "ann",  "n":1.0}',
        EVENT_ID,
        "order-1001",
    )
    other = f"sqlite:///{tmp_path / 'other.db'}"
    initialise(other)
    assert invoke("import", "--format", "csv", "-", url=other, input=text).exit_code == 0
    assert exported(other) == exported(store_url)


@pytest.mark.parametrize("source", ["journal", "file"])
def test_a_copy_to_csv_has_them(source: str, sqlite_url: str, tmp_path: Path) -> None:
    initialise(sqlite_url)
    imported(sqlite_url, PLAIN, FULL)
    file, target = tmp_path / "a.ndjson", tmp_path / "b.csv"
    file.write_text(exported(sqlite_url))
    copied = copy_events(sqlite_url if source == "journal" else str(file), str(target))
    assert copied.proof is not None
    assert copied.proof.holds
    assert target.read_text() == exported(sqlite_url, "-F", "csv")


def test_parquet_has_their_columns(sqlite_url: str, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    initialise(sqlite_url)
    imported(sqlite_url, PLAIN, FULL)
    assert invoke("export", "-o", str(tmp_path / "a.parquet"), url=sqlite_url).exit_code == 0
    [plain, full] = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert (plain["metadata"], plain["event_id"], plain["sequence_name"]) == (None, None, None)
    assert (full["metadata"], str(full["event_id"]), full["sequence_name"]) == (
        '{"user": "ann",  "n":1.0}',
        EVENT_ID,
        "order-1001",
    )


def test_a_line_may_have_the_name_in_place_of_the_id(store_url: str) -> None:
    initialise(store_url)
    imported(store_url, FULL.replace(f'"originator_id":"{NAMED}",', ""), PLAIN)
    assert exported(store_url) == numbered(FULL, PLAIN)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (f'"originator_id":"{NAMED}"', f'"originator_id":"{ID}"', "'order-1001' belongs to the sequence"),
        ('"metadata":{"user": "ann",  "n":1.0}', '"metadata":[]', "metadata '\\[\\]' is JSON, but not an object"),
        (EVENT_ID, "7", "event_id '7' is not a UUID"),
        ('"order-1001"', '""', "the name '' is empty"),
        ('"order-1001"', "7", "sequence_name is '7': write a JSON string"),
    ],
)
def test_a_line_with_a_wrong_one_is_bad(sqlite_url: str, old: str, new: str, reason: str) -> None:
    initialise(sqlite_url)
    result = invoke("import", "-", url=sqlite_url, input=PLAIN + FULL.replace(old, new))
    assert result.exit_code == 3
    assert re.search(f"standard input:2: .*{reason}", result.stderr)
    assert exported(sqlite_url) == ""


_HEX = ID.replace("-", "")
UUIDS = [
    ID.upper(),
    _HEX,
    ID.replace("-", "_"),
    f"{{{ID}}}",
    f"urn:uuid:{ID}",
    f" {ID}",
    f"0x{_HEX}",
    ID[:-1],
    f"{ID}0",
]


@pytest.mark.parametrize("name", ["x" * 256, "a\tb", "next", "new", "-", *UUIDS])
def test_a_name_that_no_sequence_may_have_is_refused(sqlite_url: str, name: str) -> None:
    initialise(sqlite_url)
    line = json.dumps({"sequence_name": name, "originator_version": 0, "event_type": "a", "state": {}})
    result = invoke("import", "-", url=sqlite_url, input=f"{line}\n")
    assert (result.exit_code, exported(sqlite_url)) == (3, "")
    with open_journal(sqlite_url) as journal, pytest.raises(InvalidData, match="the name"):
        journal.events.append(event(0, of=id_of_name(name)))


@settings(max_examples=20)
@given(st.lists(recorded_events(), max_size=5, unique_by=lambda found: (found[:2], found.event_id)))
def test_any_of_them_come_back(events: list[RecordedEvent]) -> None:
    known = [found.event_id for found in events if found.event_id is not None]
    if len({*known}) < len(known) or len({found[:2] for found in events}) < len(events):
        return
    with open_temporary_journal() as journal:
        assert given_to(journal, events).appended == len(events)
        found = list(journal.events.all_items())
        assert [each._replace(global_position=None) for each in found] == [
            each._replace(global_position=None) for each in events
        ]


# Names


def test_a_reader_that_was_open_before_sees_the_first_name(journal: Journal, store_url: str) -> None:
    journal.events.append(event(0))
    coming = follow(journal, after=1)
    imported(store_url, FULL)
    [found] = next(coming).page
    assert name_of_id(found[0]) == "order-1001"


def test_a_cursor_holds_when_its_sequence_gets_a_name(store_url: str, tmp_path: Path) -> None:
    initialise(store_url)
    imported(store_url, FULL.replace('"sequence_name":"order-1001",', ""))
    cursor = str(tmp_path / "cursor")
    assert exported(store_url, "--cursor-file", cursor) != ""
    imported(store_url, FULL)
    assert exported(store_url, "--cursor-file", cursor) == ""


def test_names_of_events_that_are_there_already_are_added(store_url: str) -> None:
    initialise(store_url)
    line = FULL.replace('"sequence_name":"order-1001",', "")
    imported(store_url, line)
    assert exported(store_url) == numbered(line)
    assert "0 appended, 1 already there" in imported(store_url, FULL)
    assert exported(store_url) == numbered(FULL)


def test_a_name_counts_whichever_event_of_its_sequence_has_it(store_url: str) -> None:
    initialise(store_url)
    named = id_of_name("order-1001")
    events = [event(0, of=str(named)), event(1, of=named), event(2, of=named), event(3, of=str(named))]
    with open_journal(store_url) as journal, journal.events.transaction() as transaction:
        for some in (events[:2], events[2:]):
            transaction.append_leading([tuple(zip(*some, strict=True))[:-1]])
    assert [name_of_id(found.originator_id) for found in stored(store_url)] == ["order-1001"] * 4


def test_an_import_that_writes_nothing_leaves_no_names(store_url: str) -> None:
    initialise(store_url)
    assert invoke("import", "-", "--dry-run", url=store_url, input=FULL).exit_code == 0
    assert invoke("import", "-", url=store_url, input=FULL + "bad\n").exit_code == 3
    with open_journal(store_url) as journal:
        table = journal.events.session.table_name("sequence_names")
        assert journal.events.session.rows(f"SELECT name FROM {table}") == []


# Contents


@pytest.mark.parametrize(
    ("changed", "is_same"),
    [
        ({"metadata": '{"user":"ann"}'}, True),
        ({"metadata": '{"user": "ann"}'}, False),
        ({"metadata": None}, False),
        ({"event_id": None}, True),
        ({"event_id": OTHER_EVENT_ID}, False),
        ({"recorded_at": "2020-01-01T00:00:00.000000Z"}, True),
    ],
)
def test_an_event_is_the_same_if_its_content_is(journal: Journal, changed: dict[str, Any], is_same: bool) -> None:
    one = event(0)._replace(metadata='{"user":"ann"}', event_id=EVENT_ID)
    journal.events.append(one)
    with pytest.raises(SequencedItemConflict) as raised:
        journal.events.append(one._replace(**changed))
    assert raised.value.identical is is_same
    outcome = given_to(journal, [one._replace(**changed)])
    assert (outcome.already_there, outcome.conflicts) == ((1, 0) if is_same else (0, 1))


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("where", ["stored", "given"])
def test_a_file_that_comes_again_differs_where_only_one_side_has_metadata(
    journal: Journal, where: str, plain: bool
) -> None:
    events = sequence(12)
    if not plain:
        events = [found._replace(event_id=str(uuid4())) for found in events]
    other = [*events[:7], events[7]._replace(metadata="{}"), *events[8:]]
    stored_events, given_again = (other, events) if where == "stored" else (events, other)
    assert given_to(journal, stored_events).appended == 12
    outcome = given_to(journal, given_again, put_aside=lambda problem: None)
    assert (outcome.already_there, outcome.conflicts, outcome.appended) == (11, 1, 0)


# Event ids


def test_an_event_id_that_is_taken_is_a_conflict(journal: Journal) -> None:
    journal.events.append(event(0)._replace(event_id=EVENT_ID))
    taken = event(2, of=OTHER_ID)._replace(event_id=EVENT_ID)
    for batch in ([taken], [event(1), taken]):
        with pytest.raises(EventIdTaken, match=f"event id {EVENT_ID} is taken by the event at version 0 of .*{ID}"):
            journal.events.append(batch)
    twice = [event(1)._replace(event_id=OTHER_EVENT_ID), event(2)._replace(event_id=OTHER_EVENT_ID)]
    with pytest.raises(Conflict, match="at version 1 of"):
        journal.events.append(twice)
    assert len(list(journal.events.all_items())) == 1


@pytest.mark.parametrize("stored_before", [0, 1])
def test_an_imported_event_whose_id_is_taken_is_put_aside(journal: Journal, stored_before: int) -> None:
    journal.events.append([event(at, of=OTHER_ID) for at in range(stored_before)])
    events = [
        event(0)._replace(event_id=EVENT_ID),
        event(1),
        event(2)._replace(event_id=EVENT_ID),
        event(0, of=NAMED)._replace(event_id=EVENT_ID),
        event(3)._replace(event_id=OTHER_EVENT_ID),
    ]
    aside: list[object] = []
    outcome = given_to(journal, events, put_aside=aside.append)
    assert (outcome.appended, outcome.conflicts, outcome.committed) == (3, 2, True)
    assert [str(problem).split(":")[1] for problem in aside] == ["3", "4"]
    assert all("is taken by the event at version 0" in str(problem) for problem in aside)
    found = [each.originator_version for each in journal.events.all_items()][stored_before:]
    assert found == [0, 1, 3]
    assert (given_to(journal, events, put_aside=aside.append).already_there) == 3


def test_an_event_that_only_resembles_one_that_was_put_aside_is_taken(journal: Journal) -> None:
    """The second has the first's event id, and the third the second's place, which stays free."""
    events = [
        event(0)._replace(event_id=EVENT_ID),
        event(1)._replace(event_id=EVENT_ID),
        event(1, '{"a":1}')._replace(event_id=OTHER_EVENT_ID),
    ]
    outcome = given_to(journal, events, put_aside=lambda problem: None)
    assert (outcome.appended, outcome.conflicts) == (2, 1)
    assert [each.event_id for each in journal.events.all_items()] == [EVENT_ID, OTHER_EVENT_ID]


# Other commands


def test_diff_shows_what_differs_beside_the_state(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / name}.db" for name in "ab"]
    for url, user in zip(urls, ("ann", "bob"), strict=True):
        initialise(url)
        imported(url, FULL.replace("ann", user), PLAIN.replace("a#B", f"a#{user}") if user == "ann" else "")
    result = invoke("diff", *urls)
    assert result.exit_code == 1
    assert '~ metadata user: "ann" -> "bob"' in result.stdout
    [found, *_] = map(json.loads, invoke("diff", *urls, "--full", "-F", "ndjson").stdout.splitlines())
    assert found["metadata"] == {"a": {"user": "ann", "n": 1.0}, "b": {"user": "bob", "n": 1.0}}


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE stored_events SET metadata = '[]' WHERE global_position = 1", "bad-metadata"),
        ("UPDATE sequence_names SET name = 'order-1002'", "bad-name"),
        ("UPDATE sequence_names SET name = 'next'", "bad-name"),
    ],
)
def test_verify_finds_what_breaks_a_rule(store_url: str, statement: str, finding: str) -> None:
    initialise(store_url)
    imported(store_url, PLAIN, FULL)
    ended(invoke("verify", "--quiet", url=store_url), 0)
    execute(store_url, statement)
    result = invoke("verify", url=store_url)
    assert (result.exit_code, result.stdout.split()[0]) == (1, finding)


def test_verify_finds_an_event_id_that_is_not_one(sqlite_url: str) -> None:
    initialise(sqlite_url)
    imported(sqlite_url, FULL)
    execute(sqlite_url, "UPDATE stored_events SET event_id = 'x'")
    assert invoke("verify", url=sqlite_url).stdout.split()[0] == "bad-event-id"
