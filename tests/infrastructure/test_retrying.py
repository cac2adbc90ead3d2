"""Retries: only after a concurrency error, a limited number of times, with a growing pause."""

import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from esjournal.exceptions import ConcurrencyError, Conflict, MappingError, SequencedItemConflict
from esjournal.infrastructure import retrying
from esjournal.infrastructure.retrying import retry


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


def losing(times: int, calls: list[int], error: Exception | None = None) -> Callable[..., int]:
    def append(amount: int, *, factor: int = 1) -> int:
        """Append."""
        calls.append(amount)
        if len(calls) <= times:
            raise error or ConcurrencyError(uuid4(), 1, 1, False)
        return amount * factor

    return append


def test_a_function_that_loses_is_called_again_with_the_same_arguments(pauses: list[float]) -> None:
    calls: list[int] = []
    assert retry(attempts=5)(losing(2, calls))(21, factor=2) == 42
    assert calls == [21, 21, 21]
    assert len(pauses) == 2


def test_the_last_error_leaves_when_the_attempts_are_used_up(pauses: list[float]) -> None:
    calls: list[int] = []
    with pytest.raises(ConcurrencyError):
        retry(attempts=3)(losing(9, calls))(1)
    assert len(calls) == 3
    assert len(pauses) == 2


def test_pauses_double_and_are_partly_random(pauses: list[float]) -> None:
    with pytest.raises(ConcurrencyError):
        retry(attempts=6, wait=1.0)(losing(9, []))(1)
    for attempt, pause in enumerate(pauses):
        assert 0.5 * 2**attempt <= pause <= 2**attempt
    with pytest.raises(ConcurrencyError):
        retry(attempts=6, wait=1.0)(losing(9, []))(1)
    assert pauses[:5] != pauses[5:]


@pytest.mark.parametrize("conflict", [SequencedItemConflict, ConcurrencyError])
def test_a_conflict_of_either_layer_is_tried_again(pauses: list[float], conflict: type[Conflict]) -> None:
    assert retry()(losing(1, [], conflict(uuid4(), 1, 1, False)))(1) == 1
    assert len(pauses) == 1


def test_any_other_error_leaves_at_once(pauses: list[float]) -> None:
    calls: list[int] = []
    with pytest.raises(MappingError):
        retry()(losing(1, calls, MappingError("no")))(1)
    assert len(calls) == 1
    assert pauses == []


def test_fewer_than_one_attempt_is_refused_when_decorating() -> None:
    with pytest.raises(ValueError, match="attempts is 0: give at least 1"):
        retrying.retry(attempts=0)


@pytest.mark.parametrize("wait", [-0.1, float("nan"), float("inf")])
def test_a_wait_that_is_not_a_time_is_refused_when_decorating(wait: float) -> None:
    with pytest.raises(ValueError, match=r"wait is .*: give a number of seconds, 0 or more"):
        retry(wait=wait)


def test_a_decorated_function_keeps_its_name_and_docstring() -> None:
    decorated = retry()(losing(0, []))
    assert (decorated.__name__, decorated.__doc__) == ("append", "Append.")
