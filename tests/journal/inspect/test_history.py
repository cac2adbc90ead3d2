"""Folding a sequence: the state that its events add up to, and what each of them changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.state.leaves import leaves_of, path_of
from esjournal.domain.state.paths import Path, path_text, value_at
from esjournal.domain.state.values import MISSING, Number, parsed, text_of
from esjournal.journal.inspect.history import Step, fold, history, setting
from esjournal.journal.journal import Journal
from tests.helpers.events import ID, OTHER_ID, TIME, event, json_states, sequence
from tests.helpers.given import refilled


def merged(target: Any, patch: Any) -> Any:
    """Merge a patch, exactly as in RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merged(target.get(name), value)
    return target


def leaves(value: Any, names: Path = ()) -> list[tuple[Path, Any]]:
    return [((*names, *path_of(steps)), leaf) for steps, leaf in leaves_of(value)]


def differing(before: Any, after: Any, names: Path = ()) -> tuple[dict[Path, Any], dict[Path, Any]]:
    """Return the leaves that were removed and those that were added, by comparing the whole states."""
    if isinstance(before, dict) and isinstance(after, dict):
        gone: dict[Path, Any] = {}
        come: dict[Path, Any] = {}
        for name in {**before, **after}:
            inner = differing(before.get(name, MISSING), after.get(name, MISSING), (*names, name))
            gone |= inner[0]
            come |= inner[1]
        return gone, come
    if before == after:
        return {}, {}
    old, new = ({} if value is MISSING else dict(leaves(value, names)) for value in (before, after))
    return old, new


def events(patches: list[str]) -> list[RecordedEvent]:
    return [event(version, patch) for version, patch in enumerate(patches)]


values = st.recursive(
    st.sampled_from([None, True, "1", Number("1"), Number("1.0")]),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=8,
)
# Few names and values, so that patches often change what is there.
meeting_patches = st.lists(st.dictionaries(st.sampled_from("abc"), values, max_size=3).map(text_of), max_size=6)


def folded(*patches: str) -> Step:
    return list(fold(event(version, patch) for version, patch in enumerate(patches)))[-1]


def told(step: Step) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    changes = step.changes
    assert changes is not None
    return (
        {path_text(names): text_of(value) for names, value in changes.added.items()},
        {path_text(names): tuple(map(text_of, values)) for names, values in changes.changed.items()},
        {path_text(names): text_of(value) for names, value in changes.removed.items()},
    )


# The appendix of RFC 7396, as far as both sides are objects.
@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
        ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
        ('{"a":"b"}', '{"a":null}', "{}"),
        ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
        ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
        ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
        ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
        ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
    ],
)
def test_the_examples_of_the_rfc(original: str, patch: str, result: str) -> None:
    assert text_of(folded(original, patch).state) == result


@given(st.lists(json_states(), min_size=1, max_size=5))
def test_a_state_is_the_patches_merged_one_after_another(patches: list[str]) -> None:
    state: Any = {}
    for patch in patches:
        state = merged(state, parsed(patch))
    assert folded(*patches).state == state


@given(st.lists(json_states(), min_size=1, max_size=5))
def test_changes_lead_from_the_leaves_before_to_those_after(patches: list[str]) -> None:
    before: dict[Any, Any] = {}
    for step in fold(event(version, patch) for version, patch in enumerate(patches)):
        changes = step.changes
        assert changes is not None
        after = dict(leaves(step.state)) if step.state else {}
        expected = {names: value for names, value in before.items() if names not in changes.removed}
        expected |= changes.added
        expected |= {names: new for names, (_, new) in changes.changed.items()}
        full = {names: value for names, value in expected.items() if value != {}}
        assert full == {names: value for names, value in after.items() if value != {}}
        for names, (old, new) in changes.changed.items():
            assert old != new
            assert before.get(names, old) == old
        before = copy.deepcopy(after)


@given(meeting_patches)
def test_changes_are_the_difference_of_the_whole_states_before_and_after(patches: list[str]) -> None:
    expected: Any = {}
    for step, patch in zip(fold(events(patches)), patches, strict=True):
        before, expected = expected, merged(expected, parsed(patch))
        gone, come = differing(before, expected)
        assert step.state == expected
        assert step.changes is not None
        assert step.changes.added == {names: value for names, value in come.items() if names not in gone}
        assert step.changes.changed == {
            names: (gone[names], value) for names, value in come.items() if names in gone and gone[names] != value
        }
        assert step.changes.removed == {names: value for names, value in gone.items() if names not in come}


@given(meeting_patches)
def test_changes_stay_what_they_were_while_later_events_are_folded(patches: list[str]) -> None:
    as_they_came = [repr(step.changes) for step in fold(events(patches))]
    kept = list(fold(events(patches)))
    assert [repr(step.changes) for step in kept] == as_they_came


@given(meeting_patches, st.sampled_from([("a",), ("a", "b"), ("c", "a", "b")]))
def test_a_field_is_set_where_its_value_is_another_than_before(patches: list[str], field: Path) -> None:
    expected = []
    before: Any = MISSING
    for step in fold(events(patches)):
        now = copy.deepcopy(value_at(step.state, field)) if value_at(step.state, field) is not MISSING else MISSING
        if now is not before and now != before:
            expected.append(step.event.originator_version)
        before = now
    assert [step.event.originator_version for step in setting(fold(events(patches)), field)] == expected


def test_an_object_is_shown_by_its_leaves_or_as_empty() -> None:
    steps = fold(events(['{"a":{}}', '{"a":{"b":1}}', '{"a":{"b":null}}', '{"a":{}}', '{"a":null}']))
    assert [told(step) for step in steps] == [
        ({"a": "{}"}, {}, {}),
        ({"a.b": "1"}, {}, {}),
        ({}, {}, {"a.b": "1"}),
        ({}, {}, {}),
        ({}, {}, {"a": "{}"}),
    ]


def test_a_number_that_becomes_the_string_of_its_digits_is_a_change_also_in_an_array() -> None:
    assert sorted(told(folded('{"a":1,"b":[1],"c":true}', '{"a":"1","b":["1"],"c":1}'))[1]) == ["a", "b", "c"]


def test_changes_of_each_event_are_shown_leaf_by_leaf() -> None:
    steps = [
        event(0, '{"owner":"Ann","address":{"zip":1010,"city":"Graz"},"tags":["a"]}'),
        event(1, '{"owner":"Eve","address":{"zip":1010.0}}'),
        event(2, '{"address":{"city":null},"tags":["a","b"]}'),
        event(3, '{"owner":"Eve"}'),
        event(4, '{"address":null,"owner":{"name":"Eve"}}'),
    ]
    assert [told(step) for step in fold(steps)] == [
        ({"owner": '"Ann"', "address.zip": "1010", "address.city": '"Graz"', "tags": '["a"]'}, {}, {}),
        ({}, {"owner": ('"Ann"', '"Eve"'), "address.zip": ("1010", "1010.0")}, {}),
        ({}, {"tags": ('["a"]', '["a","b"]')}, {"address.city": '"Graz"'}),
        ({}, {}, {}),
        ({"owner.name": '"Eve"'}, {}, {"owner": '"Eve"', "address.zip": "1010.0"}),
    ]


def test_a_state_that_is_not_an_object_is_not_folded() -> None:
    steps = list(fold([event(0, '{"a":1}'), event(1, "cipher"), event(2, '{"b":2}')]))
    assert [step.changes is None for step in steps] == [False, True, False]
    assert steps[-1].state == {"a": Number("1"), "b": Number("2")}


def test_as_deep_as_a_state_may_be() -> None:
    deep = '{"a":' * 499 + "{}" + "}" * 499
    step = folded(deep, deep.replace("{}", '{"b":1}'))
    assert told(step) == ({".".join("a" * 499) + ".b": "1"}, {}, {})


def test_who_set_a_field_is_asked_of_what_is_below_it_too() -> None:
    events = [
        event(0, '{"a":{"b":1,"c":1},"ab":1}'),
        event(1, '{"ab":2}'),
        event(2, '{"a":{"c":2}}'),
        event(3, '{"a":{"b":1}}'),
        event(4, '{"a":null}'),
    ]

    def versions(*field: str) -> list[int | None]:
        return [step.event.originator_version for step in setting(fold(events), field)]

    assert versions("a") == [0, 2, 4]
    assert versions("a", "b") == [0, 4]
    assert versions("a", "c") == [0, 2, 4]
    assert versions("ab") == [0, 1]
    assert versions("a", "b", "d") == []


def test_a_history_ends_at_a_version_or_at_a_time(journal: Journal) -> None:
    late = [
        event(version, f'{{"n":{version}}}')._replace(recorded_at="2026-02-01T00:00:00.000000Z") for version in (3, 4)
    ]
    refilled(journal, [*sequence(3), *late, event(0, of=OTHER_ID)])

    def last(**options: Any) -> int | None:
        steps = list(history(journal, ID, **options))
        assert [step.event.originator_id for step in steps] == [ID] * len(steps)
        return steps[-1].event.originator_version if steps else None

    assert last() == 4
    assert last(at_version=3) == 3
    assert last(at_version=99) == 4
    assert last(at_time=TIME) == 2
    assert last(at_version=1, at_time=TIME) == 1
    assert last(at_time="2020-01-01T00:00:00.000000Z") is None


def test_what_was_recorded_later_is_folded_where_a_later_version_was_recorded_by_then(journal: Journal) -> None:
    late = event(0, '{"late":1}')._replace(recorded_at="2026-02-01T00:00:00.000000Z")
    refilled(journal, [late, event(1, '{"n":1}'), late._replace(originator_version=2)])
    steps = list(history(journal, ID, at_time=TIME))
    assert [step.event.originator_version for step in steps] == [0, 1]
    assert text_of(steps[-1].state) == '{"late":1,"n":1}'


def test_folding_reads_no_further_than_the_requested_step() -> None:
    def given_once() -> Iterator[RecordedEvent]:
        yield event(0, '{"a":1}')
        raise AssertionError("asked for more")

    assert next(fold(given_once())).state == {"a": Number("1")}


def test_memory_is_the_state_and_not_the_history() -> None:
    steps = fold(event(version, json.dumps({"n": version})) for version in range(10_000))
    assert len({id(step.state) for step in steps}) == 1
