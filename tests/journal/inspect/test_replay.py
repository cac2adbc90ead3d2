"""Replaying a journal: in one pass and two processes, and what code may do with its state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from esjournal.domain.folding import Folding, folding_by
from esjournal.domain.model.typepatterns import Patterns
from esjournal.domain.state.values import Number
from esjournal.exceptions import InvalidData
from esjournal.interchange import secondprocess
from esjournal.journal.inspect import replay
from esjournal.journal.inspect.replay import Part, Replay
from esjournal.journal.journal import Journal
from esjournal.journal.read import secondreader
from esjournal.journal.read.selection import Selection
from tests.helpers.events import ID, OTHER_ID, event


def by(code: Any) -> Folding:
    return folding_by(code, "code")


def count(state: dict[str, Any], event: Any) -> None:
    state["n"] = state.get("n", 0) + 1
    state["last"] = event.version


def states_of(journal: Journal, code: Any = count, part: Part = replay.EVERY_PART) -> dict[str, Any]:
    return {found.last.originator_id: found.state for found in Replay(journal, by(code), part).states()}


def test_each_sequence_has_its_state(journal: Journal) -> None:
    journal.events.append([event(version, of=of) for version in range(3) for of in (ID, OTHER_ID)])
    assert states_of(journal) == {of: {"n": Number("3"), "last": Number("2")} for of in (ID, OTHER_ID)}
    found = Replay(journal, by(count), Part(as_one=True))
    assert [one.state for one in found.states()] == [{"n": Number("6"), "last": Number("2")}]
    assert (found.events, found.sequences) == (6, 1)


def test_two_processes_come_to_what_one_comes_to(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.events.append([event(version, of=of) for version in range(3_000) for of in (ID, OTHER_ID)])
    used = []
    actual = secondprocess.second_process

    @contextmanager
    def noted(work: Callable[[], Any]) -> Iterator[Any]:
        used.append(work)
        with actual(work) as received:
            yield received

    part = Part(Selection(originator_ids=[ID]), after=2)
    alone = states_of(journal), states_of(journal, part=part)
    monkeypatch.setattr(replay, "second_process", noted)
    monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
    monkeypatch.setattr(secondreader, "second_process_pays", lambda: True)
    assert (states_of(journal), states_of(journal, part=part)) == alone
    assert len(used) == 2
    assert alone[1] == {ID: {"n": Number("2999"), "last": Number("2999")}}


def test_a_rule_is_asked_once_an_event_and_not_after_it_was_broken(journal: Journal) -> None:
    journal.events.append([event(version, of=of) for version in range(5) for of in (ID, OTHER_ID)])
    asked = []

    def holds(state: Any, event: Any) -> bool:
        asked.append((event.id, event.version))
        return bool(event.id == OTHER_ID or state["n"] < 3)

    [step] = Replay(journal, by(count)).breaking(holds, "rule")
    assert (step.event.originator_id, step.event.originator_version) == (ID, 2)
    assert step.changes is not None
    assert dict(step.changes.changed) == {("n",): (Number("2"), Number("3")), ("last",): (Number("1"), Number("2"))}
    assert len(asked) == 3 + 5


def test_a_broken_rule_shows_changes_by_the_selected_events_only(journal: Journal) -> None:
    journal.events.append([event(version, event_type="a#B" if version % 2 else "a#C") for version in range(6)])
    part = Part(Selection(types=Patterns(["a#B"])), at_version=5)
    [step] = Replay(journal, by(count), part).breaking(lambda state, event: state["n"] < 3, "rule")
    assert step.state == {"n": Number("3"), "last": Number("5")}
    assert step.changes is not None
    assert dict(step.changes.changed) == {("n",): (Number("2"), Number("3")), ("last",): (Number("3"), Number("5"))}


def test_code_that_keeps_a_part_of_an_event_does_not_change_it_for_other_code(journal: Journal) -> None:
    journal.events.append([event(0, '{"lines":[1]}'), event(1, '{"lines":[2]}')])

    def kept(state: dict[str, Any], event: Any) -> None:
        if event.version == 0:
            state["lines"] = event.state["lines"]
        else:
            state["lines"].append(2)

    def kept_twice(state: dict[str, Any], event: Any) -> None:
        kept(state, event)
        if event.version:
            state["lines"].append(2)

    [step] = Replay(journal, by(kept)).partings(by(kept_twice))
    assert step.event.originator_version == 1
    assert step.changes is not None
    assert list(step.changes.changed) == [("lines",)]


def test_equal_numbers_of_another_kind_are_no_parting(journal: Journal) -> None:
    journal.events.append([event(0)])
    assert not list(Replay(journal, by(lambda state, event: {"a": 1})).partings(by(lambda state, event: {"a": 1.0})))
    assert list(Replay(journal, by(lambda state, event: {"a": 1})).partings(by(lambda state, event: {"a": "1"})))


def test_versions_out_of_order_are_refused_unless_replayed_alone(journal: Journal) -> None:
    journal.events.append([event(1), event(0)])
    with pytest.raises(InvalidData, match=f"sequence {ID}: version 0 comes after version 1 in global order"):
        states_of(journal)
    steps = replay.replay_sequence(journal, by(count), ID)
    assert [step.state["last"] for step in steps] == [Number("0"), Number("1")]
    assert [one.state["n"] for one in Replay(journal, by(count), Part(as_one=True)).states()] == [Number("2")]


def test_progress_ends_with_all_of_it(journal: Journal) -> None:
    journal.events.append([event(version) for version in range(5)])
    shown: list[tuple[int, float]] = []
    list(Replay(journal, by(count), on_progress=lambda events, part: shown.append((events, part))).states())
    assert shown == [(5, 1.0)]
