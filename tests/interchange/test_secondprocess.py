"""A second process: the first one gets what it yields in order, and it never outlives the first one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from esjournal.exceptions import InvalidLine, UnusableFile
from esjournal.interchange import secondprocess
from esjournal.interchange.inputfiles import Files
from esjournal.interchange.secondprocess import read_beside, second_process
from tests.helpers.events import generated, reads
from tests.helpers.program import environment
from tests.helpers.stores import file_with


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secondprocess, "second_process_pays", lambda busy: True)
    monkeypatch.setattr(secondprocess, "WORTH_IT_BYTES", 1)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def own_process_id_for_ever() -> Iterator[int]:
    while True:
        yield os.getpid()


def test_results_come_in_their_order_from_another_process() -> None:
    with second_process(lambda: [os.getpid(), "two", [3.0]]) as received:
        process, *rest = received
    assert process != os.getpid()
    assert rest == ["two", [3.0]]


def test_an_exception_in_the_thread_is_raised_after_the_results_before_it() -> None:
    def work() -> Iterator[int]:
        yield 1
        raise InvalidLine("a.ndjson", 7, "bad", "the text")

    with second_process(work) as received:
        assert next(received) == 1
        with pytest.raises(InvalidLine, match=r"a\.ndjson:7: bad") as caught:
            next(received)
    assert caught.value.text == "the text"


def test_an_error_of_ours_brings_its_notes_and_another_one_its_traceback() -> None:
    def failing(error: Exception) -> Iterator[int]:
        error.add_note("try again")
        yield 1
        raise error

    for error in (UnusableFile("no"), KeyError("no")):
        with second_process(partial(failing, error)) as received, pytest.raises(type(error)) as caught:
            list(received)
        first, *traceback = caught.value.__notes__
        assert first == "try again"
        assert ["in failing" in note for note in traceback] == ([] if isinstance(error, UnusableFile) else [True])


PRINTING = """
from esjournal.interchange.secondprocess import second_process
print("before")
with second_process(lambda: map(print, ["there", "and there"])) as received:
    assert list(received) == [None, None]
print("after")
"""


def test_each_process_prints_what_it_has_to_print_once() -> None:
    command = [sys.executable, "-c", PRINTING]
    buffered = environment(PYTHONUNBUFFERED="")
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=buffered)
    assert ended.stdout == "before\nthere\nand there\nafter\n"


def test_a_killed_process_is_not_taken_for_the_end_of_the_results() -> None:
    with second_process(own_process_id_for_ever) as received:
        os.kill(next(received), signal.SIGKILL)
        with pytest.raises(UnusableFile, match="was killed: try again"):
            list(received)


@pytest.mark.parametrize("how", [None, KeyboardInterrupt, ValueError])
def test_the_process_ends_when_its_results_are_no_longer_read(how: type[BaseException] | None) -> None:
    def take_one() -> int:
        with second_process(own_process_id_for_ever) as received:
            taken.append(next(received))
            if how is not None:
                raise how
        return taken[0]

    taken: list[int] = []
    if how is None:
        take_one()
    else:
        with pytest.raises(how):
            take_one()
    assert not is_running(taken[0])


def test_an_interruption_is_not_for_the_second_process() -> None:
    with second_process(own_process_id_for_ever) as received:
        process = next(received)
        os.kill(process, signal.SIGINT)
        time.sleep(0.05)
        assert is_running(process)
        assert next(received) == process


def test_the_process_ends_when_the_first_one_was_killed() -> None:
    receiving, sending = os.pipe()
    first = os.fork()
    if first == 0:
        with second_process(own_process_id_for_ever) as received:
            os.write(sending, f"{next(received)}\n".encode())
            time.sleep(60)
        os._exit(0)
    second = int(os.read(receiving, 20))
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    deadline = time.monotonic() + 60
    # No process of the test waits for it, so it may remain as a zombie.
    while is_running(second) and "Z" not in Path(f"/proc/{second}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.close(receiving)
    os.close(sending)


@pytest.mark.parametrize("bad_line", [None, 1, 2_000])
def test_files_read_in_the_second_process_are_the_files(tmp_path: Path, bad_line: int | None) -> None:
    path = file_with(tmp_path / "events.ndjson", generated(3_000))
    if bad_line is not None:
        lines = path.read_text().splitlines(keepends=True)
        lines.insert(bad_line - 1, "bad\n")
        path.write_text("".join(lines))
    here = [(line, str(read)) for line, read in reads(Files([str(path)]).batches())]
    files = Files([str(path), str(path)])
    with read_beside(files) as batches:
        there = [(line, str(read)) for line, read in reads(batches)]
    assert there == here * 2
    assert files.bytes_read() == files.size == 2 * path.stat().st_size


def test_a_line_after_which_nothing_can_be_read_is_an_error_here(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"x" * 2_000 + b"\n")
    with read_beside(Files([str(path)], line_limit=1_000)) as batches, pytest.raises(InvalidLine, match="longer than"):
        list(batches)
