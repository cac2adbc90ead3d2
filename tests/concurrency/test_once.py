"""An append with a key that is killed and tried again appends its event exactly once."""

from __future__ import annotations

import json
import random
import subprocess
import time

import pytest

from esjournal.journal.journal import initialise
from tests.helpers.program import start
from tests.helpers.stores import stored

pytestmark = pytest.mark.long

TRIES_OF_A_KEY = 10


def append(url: str, key: str, seconds: float | None) -> str:
    """Append the event of a key, kill the program after a time, and return what it has answered."""
    arguments = ("append", "order-1", "next", "a#B", json.dumps({"key": key}), "--once", key)
    with start(*arguments, url=url, stdout=subprocess.PIPE) as process:
        if seconds is not None:
            time.sleep(seconds)
            process.kill()
        assert process.stdout is not None
        return process.stdout.read().decode()


def test_tries_that_are_killed_append_each_event_exactly_once(store_url: str, killed_tries: int) -> None:
    initialise(store_url)
    generator = random.Random(11)
    answers: dict[str, set[str]] = {}
    found_written = 0
    for at in range(max(1, killed_tries // TRIES_OF_A_KEY)):
        key = f"key {at}"
        answers[key] = set()
        began = time.perf_counter()
        append(store_url, f"measured {at}", None)
        usual = time.perf_counter() - began
        for _ in range(TRIES_OF_A_KEY):
            before = len(stored(store_url))
            # Most kills are near the end, where the event is written.
            answer = append(store_url, key, usual * generator.triangular(0.2, 1.1, 0.9))
            found_written += not answer and len(stored(store_url)) > before
            answers[key].add(answer)
        answers[key].add(append(store_url, key, None))

    positions = {json.loads(event.state)["key"]: event.global_position for event in stored(store_url)}
    assert len(positions) == len(stored(store_url))
    for key, given in answers.items():
        assert given - {""} == {f"{positions[key]}\n"}
    assert found_written or killed_tries < 100, "no kill came between the writing and the answer"
