"""`stats` and `list` of a part of a journal: what is counted are the selected events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from tests.helpers.events import ID, OTHER_ID, generated
from tests.helpers.kinds import KINDS, store_of_kind
from tests.helpers.memory import FULL, GROWTH_TO_THRICE_FULL, THRICE_FULL, peak_kibibytes
from tests.helpers.program import invoke
from tests.helpers.stores import journal_with

DAYS = [f"2026-01-{day:02}T00:00:00.000000Z" for day in range(1, 10)]
TYPES = ["shop#A", "shop#B", "shop#C"]
EVENTS = [RecordedEvent((ID, OTHER_ID)[at % 2], at // 2, TYPES[at % 3], f'{{"n": {at}}}', DAYS[at]) for at in range(9)]
SELECTIONS = [
    (["--since", "2026-01-03T00:00:00Z", "--until", "2026-01-06T00:00:00Z"], [2, 3, 4]),
    (["--id", ID], [0, 2, 4, 6, 8]),
    (["--where", "n > 5"], [6, 7, 8]),
    (["-g", '"n": [13]'], [1, 3]),
    (["--after", "4"], [4, 5, 6, 7, 8]),
    (["--as-of", "3"], [0, 1, 2]),
    (["--as-of", "2026-01-04T00:00:00Z"], [0, 1, 2, 3]),
    (["--where", "n > 50"], []),
]


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same nine events in a journal of each database, in a file, and in another library's table."""
    with store_of_kind(request, tmp_path_factory, EVENTS) as url:
        yield url


def counts(url: str, *options: str) -> dict[str, Any]:
    result = invoke("stats", *options, "-F", "json", url=url)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def listed(url: str, *options: str) -> dict[str, tuple[int, int, int]]:
    """Return how many events of each sequence are counted, and their first and last version."""
    result = invoke("list", *options, "-F", "ndjson", url=url)
    assert result.exit_code in (0, 1), result.stderr
    lines = map(json.loads, result.stdout.splitlines())
    return {line["originator_id"]: (line["events"], line["first_version"], line["last_version"]) for line in lines}


def expected_list(numbers: list[int]) -> dict[str, tuple[int, int, int]]:
    found = {}
    for each in (ID, OTHER_ID):
        versions = [EVENTS[at].originator_version or 0 for at in numbers if EVENTS[at].originator_id == each]
        if versions:
            found[each] = (len(versions), versions[0], versions[-1])
    return found


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        *SELECTIONS,
        (["--type", "shop#A", "--type", "*#B"], [0, 1, 3, 4, 6, 7]),
        (["--limit", "2"], [0, 1]),
        (["--type", "shop#A", "--after", "1", "--as-of", "7", "--limit", "1"], [3]),
        (["--name", "order-*"], []),
        (["--limit", "0"], []),
    ],
)
def test_stats_count_the_selected_events(url: str, options: list[str], numbers: list[int]) -> None:
    found = counts(url, *options)
    types = [EVENTS[at].event_type for at in numbers]
    assert (found["events"], found["bytes"]) == (len(numbers), None)
    assert found["sequences"] == len({EVENTS[at].originator_id for at in numbers})
    assert {each["event_type"]: each["events"] for each in found["types"]} == {
        each: types.count(each) for each in types
    }
    times = [EVENTS[at].recorded_at for at in numbers]
    assert (found["first_recorded_at"], found["last_recorded_at"]) == ((times[0], times[-1]) if times else (None, None))
    assert {each["originator_id"]: each["events"] for each in found["longest"]} == {
        each: count for each, (count, _, _) in expected_list(numbers).items()
    }


def test_without_a_selection_all_events_and_the_size_are_counted(url: str) -> None:
    found = counts(url)
    assert (found["events"], found["sequences"]) == (9, 2)
    assert found["bytes"] > 0


def test_a_table_of_selected_events_has_no_size_on_disk(url: str) -> None:
    assert "size on disk" in invoke("stats", url=url).stdout
    table = invoke("stats", "--limit", "1", url=url)
    assert table.exit_code == 0
    assert "size on disk" not in table.stdout


@pytest.mark.parametrize(("options", "numbers"), SELECTIONS)
def test_list_counts_the_selected_events_of_each_sequence(url: str, options: list[str], numbers: list[int]) -> None:
    assert listed(url, *options) == expected_list(numbers)


def test_list_shows_the_type_and_the_times_of_selected_events(url: str) -> None:
    result = invoke("list", "--as-of", "6", "--id", OTHER_ID, "-F", "json", url=url)
    [found] = json.loads(result.stdout)
    assert (found["last_type"], found["first_recorded_at"], found["last_recorded_at"]) == ("shop#C", DAYS[1], DAYS[5])


def test_types_and_limits_choose_among_the_sequences_of_selected_events(url: str) -> None:
    # A is at 0, 3 and 6: only the second sequence has one from 1 to 5, and all its events there are counted.
    span = ["--after", "1", "--as-of", "6"]
    assert listed(url, *span) == {ID: (2, 1, 2), OTHER_ID: (3, 0, 2)}
    assert listed(url, *span, "--type", "shop#A") == {OTHER_ID: (3, 0, 2)}
    assert listed(url, *span, "--type", "none#*") == {}
    assert listed(url, *span, "--limit", "1") == {OTHER_ID: (3, 0, 2)}
    assert listed(url, *span, "--sort", "events", "--limit", "1") == {OTHER_ID: (3, 0, 2)}
    assert listed(url, *span, "--prefix", ID[:4]) == {ID: (2, 1, 2)}
    assert listed(url, *span, "--name", "order-*") == {}
    assert listed(url, "--type", "shop#A") == listed(url)


def test_list_says_that_nothing_is_found(url: str) -> None:
    result = invoke("list", "--where", "n > 50", url=url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "has no sequences that match" in result.stderr


@pytest.mark.parametrize("command", ["stats", "list"])
def test_slices_that_follow_each_other_count_each_event_once(url: str, command: str) -> None:
    cuts = [f"2026-01-{day}Z" for day in ("01T00:00:00", "03T00:00:00", "03T00:00:00.000001", "07T00:00:00")]
    spans = [["--until", cuts[0]], *(["--since", one, "--until", other] for one, other in pairwise(cuts))]
    spans.append(["--since", cuts[-1]])
    found = [
        counts(url, *span)["events"] if command == "stats" else sum(each[0] for each in listed(url, *span).values())
        for span in spans
    ]
    assert found == [0, 2, 1, 3, 3]


@pytest.mark.parametrize("options", [["--where", "n > 1"], ["--as-of", "3"], ["--after", "0"]], ids=" ".join)
def test_an_empty_journal_has_no_selected_events(store_url: str, tmp_path: Path, options: list[str]) -> None:
    journal_with(store_url, [])
    (tmp_path / "empty.ndjson").write_text("")
    for empty in (store_url, str(tmp_path / "empty.ndjson")):
        assert counts(empty, *options)["events"] == 0
        assert invoke("list", *options, url=empty).exit_code == 1


def test_names_and_events_are_selected_together(store_url: str) -> None:
    journal_with(store_url, [])
    for name, version in (("order-1", 0), ("order-1", 1), ("order-2", 0), ("basket-1", 0)):
        assert invoke("append", name, str(version), "a#B", f'{{"n":{version}}}', url=store_url).exit_code == 0
    lines = invoke("list", "--name", "order-*", "--where", "n == 0", "-F", "ndjson", url=store_url).stdout.splitlines()
    assert {(line["sequence_name"], line["events"]) for line in map(json.loads, lines)} == {
        ("order-1", 1),
        ("order-2", 1),
    }
    assert counts(store_url, "--name", "order-*", "--where", "n == 0")["events"] == 2
    assert list(counts(store_url, "--id", "order-1")["types"][0].values())[:2] == ["a#B", 2]


@pytest.mark.parametrize("command", ["stats", "list"])
def test_wrong_options_are_refused(url: str, command: str) -> None:
    for options, message in (
        (["--since", "2026-02-01", "--until", "2026-01-01"], "nothing is between them"),
        (["--where", "n"], "is not a condition"),
        (["-g", "("], "is not a regular expression"),
        (["--as-of", "soon"], "is not a time"),
    ):
        result = invoke(command, *options, url=url)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr


@pytest.mark.long
@pytest.mark.parametrize("command", ["stats", "list"])
def test_memory_does_not_grow_with_the_selected_events(store_url: str, command: str) -> None:
    journal_with(store_url, generated(THRICE_FULL))
    # The first number fills the cache of the temporary journal.
    some, all_of_them = (
        peak_kibibytes(command, "--as-of", str(count), "--url", store_url) for count in (FULL, THRICE_FULL)
    )
    assert all_of_them - some < GROWTH_TO_THRICE_FULL
