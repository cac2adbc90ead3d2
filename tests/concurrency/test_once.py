"""An append with a key that is killed and tried again appends its event exactly once."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from esjournal.journal.journal import initialise
from tests.helpers.program import start
from tests.helpers.stores import stored

pytestmark = pytest.mark.long

TRIES_OF_A_KEY = 10
LONGEST_SECONDS = 120


def appending(key: str) -> tuple[str, ...]:
    return "append", "order-1", "next", "a#B", json.dumps({"key": key}), "--once", key


def answer_of(url: str, key: str, seconds: float | None = None) -> str:
    """Append the event of a key, kill the program after a time, and return what it has answered."""
    with start(*appending(key), url=url, stdout=subprocess.PIPE) as process:
        if seconds is not None:
            time.sleep(seconds)
            process.kill()
        assert process.stdout is not None
        return process.stdout.read().decode()


@contextmanager
def full_pipe() -> Iterator[int]:
    """Yield a pipe that takes nothing more: who writes to it waits."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, bytes(65_536))
    except BlockingIOError:
        os.set_blocking(writer, True)
    yield writer
    os.close(reader)
    os.close(writer)


def kill_before_the_answer(url: str, key: str) -> None:
    """Append the event of a key, and kill the program when the event is there and not yet acknowledged."""
    end = time.monotonic() + LONGEST_SECONDS
    with full_pipe() as stdout, start(*appending(key), url=url, stdout=stdout) as process:
        while not any(json.loads(event.state)["key"] == key for event in stored(url)):
            assert time.monotonic() < end
            assert process.poll() is None
        process.kill()


def test_tries_that_are_killed_append_each_event_exactly_once(store_url: str, killed_tries: int) -> None:
    initialise(store_url)
    generator = random.Random(11)
    answers: dict[str, set[str]] = {}
    for at in range(max(1, killed_tries // TRIES_OF_A_KEY)):
        key = f"key {at}"
        began = time.perf_counter()
        answer_of(store_url, "measured")
        usual = time.perf_counter() - began
        # Most kills are near the end, where the event is written.
        times = [usual * generator.triangular(0.2, 1.1, 0.9) for _ in range(TRIES_OF_A_KEY - 1)]
        answers[key] = {answer_of(store_url, key, seconds) for seconds in times}
        kill_before_the_answer(store_url, key)
        answers[key].add(answer_of(store_url, key))

    positions = {json.loads(event.state)["key"]: event.global_position for event in stored(store_url)}
    assert len(positions) == len(stored(store_url))
    for key, given in answers.items():
        assert given - {""} == {f"{positions[key]}\n"}
