"""The fuzzing command runs, says how to reproduce a failure, and makes the same inputs from the same seed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.__main__ import main
from fuzz.targets import TARGETS

ROOT = Path(__file__).parents[1]
FAST = ["recorded-at", "url", "where"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fuzz", *arguments], capture_output=True, text=True, timeout=300, cwd=ROOT
    )


def test_a_round_finds_nothing() -> None:
    ended = run("--seconds", "0", "--seed", "1", "--only", *FAST)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "1 rounds of 200 inputs for each target; 0 targets failed" in ended.stdout


def test_rounds_follow_one_another_until_the_time_is_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 4.0, 6.0])
    monkeypatch.setattr("fuzz.__main__.time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr("sys.argv", ["fuzz", "--seconds", "5", "--seed", "1", "--only", "where"])
    assert main() == 0
    assert "2 rounds of 200 inputs" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_some_inputs_of_each_target_do_no_harm(name: str) -> None:
    function, strategies = TARGETS[name]
    settings(max_examples=10)(given(*strategies)(function))()


def test_a_failure_is_printed_with_what_repeats_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[int] = []

    def failing(number: int) -> None:
        seen.append(number)
        assert number < 1_000

    monkeypatch.setitem(TARGETS, "failing", (failing, (st.integers(0, 2**32),)))
    monkeypatch.setattr("sys.argv", ["fuzz", "--seconds", "0", "--seed", "7", "--only", "failing"])
    assert main() == 1
    printed = capsys.readouterr().out
    assert "FAILED failing: python -m fuzz --seconds 0 --seed 7 --only failing" in printed
    assert "number=1000" in printed
    first, seen[:] = list(seen), []
    assert main() == 1
    assert seen == first
