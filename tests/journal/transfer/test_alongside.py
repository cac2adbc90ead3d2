"""The proof in two processes finds what it finds in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.journal.journal import open_journal
from esjournal.journal.read import secondreader
from esjournal.journal.transfer.alongside import Alongside, content_of_columns, target_alongside
from esjournal.journal.transfer.proof import Proof, prove
from esjournal.journal.transfer.source import JournalSource
from esjournal.journal.transfer.target import counterparts_in_journal
from tests.helpers.events import ID, OTHER_ID, TIME, event, generated, sequence
from tests.helpers.stores import journal_with

EVENTS = list(generated(1_703))
DESCRIBED = [
    found._replace(metadata='{"user":"ann"}' if at % 3 else None, event_id=f"{at:08x}-0000-4000-8000-000000000000")
    for at, found in enumerate(EVENTS)
]


@pytest.fixture(autouse=True)
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
    monkeypatch.setattr(secondreader, "second_process_pays", lambda: True)


def proofs(source: str, target: str) -> tuple[Proof, Proof, list[int | None], int]:
    """Return the proof in one process and in two, the positions, and how many pages were not looked up."""
    positions: list[int | None] = []
    pages = 0
    with open_journal(source) as one, open_journal(target) as other, one.events.session.snapshot():
        first = next(iter(JournalSource(one, 0).batches())).events[0]
        alone = prove(JournalSource(one, 0).batches(), counterparts_in_journal(other))
        with target_alongside(other, first) as alongside:
            asked = alongside.positions_of

            def counted(columns: Sequence[Sequence[Any]]) -> range | None:
                nonlocal pages
                found = asked(columns)
                pages += found is not None
                return found

            alongside.positions_of = counted  # type: ignore[method-assign]
            proof = prove(
                JournalSource(one, 0).batches(),
                counterparts_in_journal(other),
                alongside=alongside,
                on_positions=positions.extend,
            )
    return alone, proof, positions, pages


@pytest.mark.parametrize("events", [EVENTS, DESCRIBED], ids=["plain", "described"])
def test_what_is_equal_is_proven_without_looking_anything_up(
    tmp_path: Path, store_url: str, events: list[RecordedEvent]
) -> None:
    journal_with(store_url, [*sequence(4, of=OTHER_ID), *events])
    alone, proof, positions, pages = proofs(journal_with(str(tmp_path / "source.db"), events), store_url)
    assert proof == alone
    assert proof.holds
    assert proof.digest is not None
    assert positions == list(range(5, 5 + len(events)))
    assert pages == 4


def changed(at: int, **fields: Any) -> Callable[[list[RecordedEvent]], list[RecordedEvent]]:
    return lambda events: [*events[:at], events[at]._replace(**fields), *events[at + 1 :]]


@pytest.mark.parametrize(
    ("change", "pages"),
    [
        (changed(1_200, state='{"n":0}'), 2),
        (changed(1_200, event_type="a.b#c"), 2),
        (changed(1_200, recorded_at=TIME.replace("2026", "2027")), 2),
        (changed(1_200, metadata="{}"), 2),
        (changed(1_200, event_id=None), 2),
        (changed(0, state='{"n":0}'), 0),
        (changed(1_702, originator_id=ID, originator_version=99), 3),
        (lambda events: [*events[:700], *events[701:]], 1),
        (lambda events: [*events[:700], event(77), *events[700:]], 1),
        (lambda events: events[1:], 0),
        (lambda events: [*events, event(77)], 3),
        (lambda events: events[::-1], 0),
    ],
)
def test_what_differs_is_found_as_in_one_process(
    tmp_path: Path, store_url: str, change: Callable[[list[RecordedEvent]], list[RecordedEvent]], pages: int
) -> None:
    journal_with(store_url, change(DESCRIBED))
    alone, proof, positions, without_looking_up = proofs(
        journal_with(str(tmp_path / "source.db"), DESCRIBED), store_url
    )
    assert proof == alone
    assert len(positions) == len(DESCRIBED)
    assert without_looking_up == pages


def columns(*events: tuple[Any, ...]) -> list[Sequence[Any]]:
    return list(zip(*events, strict=True))


def test_unequal_columns_have_unequal_contents() -> None:
    plain = (ID, 0, "a", "{}", TIME, None, None)
    different: list[list[tuple[Any, ...]]] = [
        [(OTHER_ID, *plain[1:])],
        [(ID, 1, *plain[2:])],
        [(ID, 0, "b", *plain[3:])],
        [(*plain[:3], "{ }", *plain[4:])],
        [(*plain[:4], TIME.replace("2026", "2027"), None, None)],
        [(*plain[:5], "", None)],
        [(*plain[:5], "{}", None)],
        [(*plain[:5], None, ID)],
        [plain, plain],
    ]
    contents = [content_of_columns(columns(*events)) for events in ([plain], *different)]
    assert not [at for at, one in enumerate(contents) if one in contents[:at]]


@pytest.mark.parametrize("field", range(5))
def test_a_value_of_another_class_has_no_content(field: int) -> None:
    values: list[Any] = [ID, 0, "a", "{}", TIME, None, None]
    values[field] = None
    assert content_of_columns(columns(tuple(values))) is None


def test_once_a_page_differs_no_other_is_compared() -> None:
    page = columns((ID, 0, "a", "{}", TIME, None, None))
    content = content_of_columns(page)
    assert content is not None
    alongside = Alongside(iter([(range(1, 2), content), (range(2, 3), ()), (range(3, 4), content)]))
    assert [alongside.positions_of(page) for _ in range(3)] == [range(1, 2), None, None]
