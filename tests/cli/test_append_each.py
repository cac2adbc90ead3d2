"""Appending lines one by one: each is a transaction, and is answered."""

from __future__ import annotations

import os
import select
import subprocess

import pytest

from esjournal.journal.journal import initialise
from tests.helpers.events import ID
from tests.helpers.program import ended, invoke, refused, run, start
from tests.helpers.stores import stored


@pytest.fixture
def url(store_url: str) -> str:
    """The URL of an empty journal."""
    initialise(store_url)
    return store_url


def line(version: int, state: str = "{}") -> str:
    return f'{{"originator_id":"{ID}","originator_version":{version},"event_type":"a#B","state":{state}}}\n'


def test_every_line_has_an_answer_in_its_order(url: str) -> None:
    given = line(0) + line(0, '{"a":1}') + "no event\n" + "\n" + line(1) + line(3, '{"a":"\\u0085\x7f"}')[:-1]
    result = invoke("append", "--each", "-", url=url, input=given)
    answers = result.stdout.splitlines()
    assert [answer.partition(":")[0] for answer in answers] == ["1", "conflict", "invalid", "invalid", "2", "3"]
    assert answers[1].startswith(f"conflict: sequence {ID}: version 0 is taken by a different event")
    assert result.exit_code == 3
    assert result.stderr == "esjournal: lines not appended: 3 of 6; the answers say why\n"
    assert [event.originator_version for event in stored(url)] == [0, 1, 3]


def test_conflicts_alone_are_exit_4(url: str) -> None:
    assert invoke("append", "--each", "-", url=url, input=line(0) * 2).exit_code == 4


def test_no_lines_are_no_answers(url: str) -> None:
    ended(invoke("append", "--each", "-", url=url, input=""), 0)


def test_events_that_are_there_count_as_appended_if_that_is_wanted(url: str) -> None:
    given = line(0) + line(1)
    for _ in range(2):
        ended(invoke("append", "--each", "--if-absent", "-", url=url, input=given), 0, out="1\n2\n")


def test_a_line_is_answered_before_the_next_one_comes_and_is_then_on_the_disk(url: str) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with start("append", "--each", "-", url=url, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for version in range(3):
            process.stdin.write(line(version).encode())
            process.stdin.flush()
            assert select.select([process.stdout], [], [], 60)[0]
            assert process.stdout.readline() == b"%d\n" % (version + 1)
        process.kill()
    assert len(stored(url)) == 3


def test_a_line_that_is_too_long_is_refused_and_the_next_one_is_read(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esjournal.cli.running.append_each.MOST_BYTES", 200)
    given = line(0) + line(1, f'{{"a":"{"x" * 1000}"}}') + line(1, f'{{"a":"{"x" * 80}"}}')
    answers = invoke("append", "--each", "-", url=url, input=given).stdout.splitlines()
    assert answers == ["1", "invalid: the line has more than 200 bytes, the most that append takes", "2"]


def test_without_a_reader_of_the_answers_it_ends(sqlite_url: str) -> None:
    initialise(sqlite_url)
    ours, theirs = os.pipe()
    os.close(ours)
    given = line(0) + line(1)
    result = run("append", "--each", "-", url=sqlite_url, input=given, stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    assert result.returncode == 5
    assert "nothing reads it any more" in result.stderr
    assert len(stored(sqlite_url)) == 1


@pytest.mark.parametrize(
    "arguments", [("--each", ID, "0", "a#B", "{}"), ("--each", "-", "0"), ("--each", "-", "--meta", "a=b")]
)
def test_it_is_for_lines_only(url: str, arguments: tuple[str, ...]) -> None:
    refused(invoke("append", *arguments, url=url), 2, "(?:--each is for lines|give nothing else)")
