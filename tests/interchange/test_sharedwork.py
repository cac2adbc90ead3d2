"""Work that two processes share: every part is done once, and the results come in the order of the parts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from esjournal.exceptions import InvalidData, UnusableFile
from esjournal.interchange.sharedwork import shared_work


def with_process(numbers: Iterator[int]) -> Iterator[tuple[int, int]]:
    return ((number, os.getpid()) for number in numbers)


def test_every_part_is_done_once_and_results_come_in_order() -> None:
    # Enough for two processes to want a number at the same time, again and again.
    parts = 100_000
    with shared_work(parts, with_process, lambda: None) as results:
        numbers, processes = zip(*results, strict=True)
    assert numbers == tuple(range(parts))
    assert os.getpid() in processes


@pytest.mark.parametrize("refusal", [AttributeError, PermissionError])
def test_a_system_without_files_in_memory_will_do(monkeypatch: pytest.MonkeyPatch, refusal: type[Exception]) -> None:
    def refused(name: str) -> int:
        raise refusal(name)

    monkeypatch.setattr(os, "memfd_create", refused)
    with shared_work(1000, with_process, lambda: None) as results:
        assert [number for number, _ in results] == list(range(1000))


def test_the_process_that_is_free_takes_the_next_part() -> None:
    first = os.getpid()

    def slow_here(numbers: Iterator[int]) -> Iterator[int]:
        for _ in numbers:
            time.sleep(0.1 if os.getpid() == first else 0)
            yield os.getpid()

    with shared_work(100, slow_here, lambda: None) as results:
        assert list(results).count(first) < 10


def test_numbers_may_be_taken_before_results_are_given() -> None:
    def one_ahead(numbers: Iterator[int]) -> Iterator[int]:
        number = next(numbers, None)
        while number is not None:
            following = next(numbers, None)
            yield number
            number = following

    with shared_work(1000, one_ahead, lambda: None) as results:
        assert list(results) == list(range(1000))


@pytest.mark.parametrize("parts", [0, 1])
def test_there_may_be_no_part_for_one_of_the_processes(parts: int) -> None:
    with shared_work(parts, lambda numbers: numbers, lambda: None) as results:
        assert list(results) == list(range(parts))


def test_the_other_process_is_prepared_before_it_works() -> None:
    first = os.getpid()
    prepared: list[int] = []

    def was_prepared(numbers: Iterator[int]) -> Iterator[tuple[bool, bool]]:
        for _ in numbers:
            time.sleep(0.1 if os.getpid() == first else 0)
            yield os.getpid() == first, bool(prepared)

    with shared_work(100, was_prepared, lambda: prepared.append(1)) as results:
        assert {*results} == {(True, False), (False, True)}


def test_an_error_in_the_other_process_is_raised_here() -> None:
    first = os.getpid()

    def failing_there(numbers: Iterator[int]) -> Iterator[int]:
        for number in numbers:
            if os.getpid() != first:
                raise InvalidData(f"part {number} is bad")
            time.sleep(0.01)
            yield number

    with shared_work(1000, failing_there, lambda: None) as results, pytest.raises(InvalidData, match="is bad"):
        list(results)


def test_a_killed_process_is_not_taken_for_the_end_of_the_work() -> None:
    first = os.getpid()

    def killed_there(numbers: Iterator[int]) -> Iterator[int]:
        for number in numbers:
            if os.getpid() != first:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.01)
            yield number

    with shared_work(1000, killed_there, lambda: None) as results, pytest.raises(UnusableFile, match="was killed"):
        list(results)
