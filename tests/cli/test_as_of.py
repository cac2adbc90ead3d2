"""`diff --as-of` and `verify --digest --as-of`: journals as they were after a position, or at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.journal.inspect.digest import digest_of
from esjournal.journal.temporary import open_to_read
from tests.helpers.events import ID, OTHER_ID
from tests.helpers.kinds import KINDS, store_of_kind
from tests.helpers.program import invoke, refused
from tests.helpers.stores import journal_with

DAYS = [f"2026-01-{day:02}T00:00:00.000000Z" for day in range(1, 10)]
EVENTS = [
    RecordedEvent((ID, OTHER_ID)[at % 2], at // 2, "shop#A", f'{{"n": {at}}}', DAYS[at], global_position=at + 1)
    for at in range(9)
]


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Nine events in a journal of each database, in a file, and in another library's table."""
    with store_of_kind(request, tmp_path_factory, EVENTS) as url:
        yield url


@pytest.fixture
def other(tmp_path: Path) -> str:
    """A journal with the first six of these events, and another one at the next place."""
    changed = EVENTS[6]._replace(state='{"n": 60}')
    return journal_with(str(tmp_path / "other.db"), [*EVENTS[:6], changed])


def events_of(url: str) -> list[RecordedEvent]:
    with open_to_read(url) as journal:
        return list(journal.events.all_items())


def compared(*arguments: str) -> tuple[int, int, int, int]:
    """Return the exit code, and how many events are in A, in B and the same."""
    result = invoke("diff", "-q", "-F", "ndjson", *arguments)
    totals = json.loads(result.stdout.splitlines()[-1])["totals" if '"totals":{' in result.stdout else "events"]
    events = totals.get("events", totals)
    return result.exit_code, events["in_a"], events["in_b"], events["same"]


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("0", (0, 0, 0, 0)),
        ("3", (0, 3, 3, 3)),
        ("6", (0, 6, 6, 6)),
        ("7", (1, 7, 7, 6)),
        ("99", (1, 9, 7, 6)),
        ("2025-12-31T00:00:00Z", (0, 0, 0, 0)),
        ("2026-01-06T00:00:00Z", (0, 6, 6, 6)),
        ("2026-01-06T23:59:59Z", (0, 6, 6, 6)),
        ("2026-01-07T00:00:00Z", (1, 7, 7, 6)),
        ("2027-01-01T00:00:00Z", (1, 9, 7, 6)),
    ],
)
def test_two_journals_are_compared_as_they_were(
    url: str, other: str, as_of: str, expected: tuple[int, int, int, int]
) -> None:
    assert compared("--as-of", as_of, url, other) == expected
    code, a, b, same = expected
    assert compared("--as-of", as_of, other, url) == (code, b, a, same)


def test_without_a_moment_all_events_are_compared(url: str, other: str) -> None:
    assert compared(url, other) == (1, 9, 7, 6)


@pytest.mark.parametrize(("as_of", "count"), [("0", 0), ("4", 4), ("2026-01-05T12:00:00Z", 5), ("9", 9), ("99", 9)])
def test_the_digest_is_of_the_events_that_there_were(url: str, as_of: str, count: int) -> None:
    result = invoke("verify", "--digest", "--as-of", as_of, url=url)
    assert result.exit_code == 0, result.output
    assert result.stdout.split()[0] == digest_of([events_of(url)[:count]])
    assert result.stderr.startswith(f"esjournal: {count} event{'' if count == 1 else 's'} verified: sound, ")


def test_a_sequence_has_a_digest_as_of_a_moment(url: str) -> None:
    result = invoke("verify", "--digest", "--per-sequence", "-q", "--as-of", "4", "-F", "json", url=url)
    assert result.exit_code == 0, result.output
    for each in (ID, OTHER_ID):
        assert digest_of([[found for found in events_of(url)[:4] if found.originator_id == each]]) in result.stdout


def test_a_journal_has_the_digest_of_its_prefix_whatever_follows(url: str, other: str) -> None:
    digests = [
        invoke("verify", "--digest", "-q", "--as-of", str(position), url=each).stdout.split()[0]
        for position in (5, 6, 7)
        for each in (url, other)
    ]
    # The messages of message-db have ids.
    same = "message-db" not in url
    assert [one == two for one, two in pairwise(digests)][::2] == [same, same, False]


def test_empty_journals_are_the_same_at_any_moment(store_url: str, tmp_path: Path) -> None:
    journal_with(store_url, [])
    (tmp_path / "empty.ndjson").write_text("")
    for as_of in ("5", "yesterday"):
        assert compared("--as-of", as_of, store_url, str(tmp_path / "empty.ndjson")) == (0, 0, 0, 0)
        result = invoke("verify", "--digest", "-q", "--as-of", as_of, url=store_url)
        assert result.stdout.split()[0] == digest_of([])


def test_wrong_moments_are_refused(url: str, other: str) -> None:
    refused(invoke("diff", "--as-of", "soon", url, other), 2, "is not a time")
    refused(invoke("verify", "--digest", "--as-of", "soon", url=url), 2, "is not a time")
    refused(invoke("verify", "--as-of", "3", url=url), 2, "--as-of is for digests; .*: add --digest")
