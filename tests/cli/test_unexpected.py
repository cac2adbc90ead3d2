"""Unexpected errors: one line and exit code 5, whatever Python raises and wherever it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.events import event, generated
from tests.helpers.program import environment
from tests.helpers.stores import file_with, journal_with

pytestmark = pytest.mark.long

ADVICE = (
    "; if `esjournal verify` finds the journal sound, this is a bug in esjournal: "
    "report it with what ESJOURNAL_TRACEBACK=1 shows\n"
)

IN_A_COMMAND = """
from esjournal.__main__ import main
from esjournal.journal import journal

def open_journal(*arguments):
    RAISE

journal.open_journal = open_journal
main()
"""
WHILE_LOADING = """
import sys
from importlib.abc import MetaPathFinder
from esjournal.__main__ import main

class Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "esjournal.cli.app":
            RAISE

sys.meta_path.insert(0, Finder())
main()
"""
IN_A_THREAD = """
from threading import Thread
from esjournal.__main__ import main
from esjournal.journal import journal

def raising():
    RAISE

def open_journal(url, open_it=journal.open_journal):
    thread = Thread(target=raising)
    thread.start()
    thread.join()
    return open_it(url)

journal.open_journal = open_journal
main()
"""
IN_THE_SECOND_PROCESS = """
from esjournal.__main__ import main
from esjournal.interchange import secondprocess
from esjournal.interchange import inputfiles

class Unpicklable(Exception):
    def __init__(self, one, two):
        super().__init__(one)

def batches(files):
    RAISE
    yield

secondprocess.second_process_pays = lambda busy: True
inputfiles.Files.batches = batches
main()
"""


def ended(program: str, raising: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program.replace("RAISE", raising), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(**variables),
        check=False,
    )


def append(url: str) -> list[str]:
    return ["append", "new", "0", "a", "{}", "--url", url]


@pytest.fixture
def url(sqlite_url: str) -> str:
    return journal_with(sqlite_url, [event()])


@pytest.mark.parametrize("program", [IN_A_COMMAND, WHILE_LOADING])
@pytest.mark.parametrize(
    ("raising", "said"),
    [
        ("raise ValueError('what\\n\\x1b[2Jwas')", "unexpected ValueError: what\\n\\u001b[2Jwas"),
        ("(lambda: 0)(1)", "unexpected TypeError: "),
        ("assert False", "unexpected AssertionError; if"),
        ("raise KeyError('x' * 10_000)", f"unexpected KeyError: '{'x' * 299}...; if"),
        ("def deep(): deep()\n    deep()", "unexpected RecursionError: "),
        ("raise RuntimeError", "unexpected RuntimeError; if"),
    ],
)
def test_what_nothing_foresaw_is_one_line_and_exit_5(url: str, program: str, raising: str, said: str) -> None:
    if program is WHILE_LOADING:
        raising = raising.replace("\n    ", "\n            ")
    result = ended(program, raising, *append(url))
    assert (result.returncode, result.stdout) == (5, "")
    assert result.stderr.startswith(f"esjournal: {said}")
    assert result.stderr.endswith(ADVICE)
    assert result.stderr.count("\n") == 1


def test_a_lack_of_memory_is_reported_as_that(url: str) -> None:
    result = ended(IN_A_COMMAND, "raise MemoryError", *append(url))
    assert (result.returncode, result.stderr) == (
        5,
        "esjournal: there is not enough memory: end other programs, or run this on a machine with more\n",
    )


def test_the_traceback_comes_before_the_line_if_it_is_wanted(url: str) -> None:
    result = ended(IN_A_COMMAND, "raise ValueError('\\x1b[2J')", *append(url), ESJOURNAL_TRACEBACK="1")
    assert result.returncode == 5
    first, *_, last = result.stderr.splitlines()
    assert first == "Traceback (most recent call last):"
    assert last.startswith("esjournal: unexpected ValueError: \\u001b[2J; ")
    assert "\x1b" not in result.stderr


def test_an_exception_in_a_thread_is_one_line_and_the_command_continues(url: str) -> None:
    result = ended(IN_A_THREAD, "raise ValueError('in a thread')", *append(url))
    assert (result.returncode, len(result.stdout.split())) == (0, 1)
    assert result.stderr == f"esjournal: unexpected ValueError: in a thread{ADVICE}"


@pytest.mark.parametrize(
    ("raising", "said"),
    [
        ("raise ValueError('there')", "unexpected ValueError: there"),
        ("raise Unpicklable('not', 'portable')", "unexpected RuntimeError: Unpicklable: not"),
        ("raise MemoryError", "there is not enough memory"),
    ],
)
def test_what_the_second_process_raises_is_one_line_here(url: str, tmp_path: Path, raising: str, said: str) -> None:
    file = file_with(tmp_path / "events.ndjson", generated(30_000))
    result = ended(IN_THE_SECOND_PROCESS, raising, "--url", url, "import", str(file))
    assert (result.returncode, result.stdout) == (5, "")
    assert result.stderr.startswith(f"esjournal: {said}")
    assert result.stderr.count("\n") == 1
    shown = ended(IN_THE_SECOND_PROCESS, raising, "--url", url, "import", str(file), ESJOURNAL_TRACEBACK="1").stderr
    assert "in batches" in shown


def test_the_errors_that_esjournal_knows_are_no_bugs(url: str) -> None:
    result = ended(IN_A_COMMAND, "from esjournal.exceptions import StoreError; raise StoreError('gone')", *append(url))
    assert (result.returncode, result.stderr) == (5, "esjournal: gone\n")
