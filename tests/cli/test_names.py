"""Sequences by their names, on the command line."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from esjournal.domain.model.sequencenames import id_of_name
from esjournal.journal.journal import initialise
from tests.helpers.events import ID
from tests.helpers.program import ended, invoke, start
from tests.helpers.stores import execute
from tests.helpers.terminal import on_terminal, plain

ORDER, OTHER = "order-1001", "Order-1001"


@pytest.fixture(scope="module")
def url(module_url: str) -> str:
    """The URL of a journal with names that tests leave as it is."""
    return with_names(module_url)


@pytest.fixture
def changed_url(store_url: str) -> str:
    return with_names(store_url)


def with_names(url: str) -> str:
    """Make a journal with two events of each of two sequences with names, and one of a sequence without."""
    initialise(url)
    for name, version in ((ORDER, "0"), (OTHER, "next"), (ORDER, "next"), (OTHER, "1"), (ID, "0")):
        assert invoke("append", name, version, f"a#{version}", '{"a":1}', url=url).exit_code == 0
    return url


def lines(url: str, *arguments: str) -> list[dict[str, object]]:
    result = invoke(*arguments, "-F", "ndjson", url=url)
    assert result.exit_code in (0, 1), result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_name_is_a_sequence_and_case_counts(url: str) -> None:
    assert [event["originator_version"] for event in lines(url, "get", ORDER)] == [0, 1]
    assert [event["sequence_name"] for event in lines(url, "get", OTHER)] == [OTHER, OTHER]
    for spelling in (id_of_name(ORDER), id_of_name(ORDER).upper(), id_of_name(ORDER)[:8]):
        assert [event["sequence_name"] for event in lines(url, "get", spelling)] == [ORDER, ORDER]
    assert "a: 1" in invoke("history", ORDER, url=url).stdout


def test_a_name_comes_before_the_ids_that_begin_with_it(sqlite_url: str) -> None:
    initialise(sqlite_url)
    assert invoke("append", ID[:8], "0", "a#B", "{}", url=sqlite_url).stdout == "1\n"
    assert invoke("append", ID, "0", "a#B", "{}", url=sqlite_url).stdout == "2\n"
    assert [event["sequence_name"] for event in lines(sqlite_url, "get", ID[:8])] == [ID[:8]]
    assert [event["originator_id"] for event in lines(sqlite_url, "get", ID[:9])] == [ID]


def test_the_beginning_of_an_id_does_not_become_a_name(url: str) -> None:
    refused = f"no sequence is named '{ID[:8]}', but the id {ID} begins or ends with that: write all of the id"
    ended(invoke("append", ID[:8], "next", "a#B", "{}", url=url), 2, err=f"esjournal: .*{refused}.*\n")


@pytest.mark.parametrize("given", [f"{{{ID}}}", f"{ID}0", ID.replace("-", ""), "next", "x" * 256, "a\nb", ""])
@pytest.mark.parametrize("command", [("append",), ("get",), ("log", "--id")])
def test_what_no_sequence_may_be_called_is_refused(url: str, command: tuple[str, ...], given: str) -> None:
    arguments = ("next", "a#B", "{}") if command == ("append",) else ()
    result = invoke(*command, given, *arguments, url=url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1


def test_an_unknown_name_is_not_found(url: str) -> None:
    for command in (("get",), ("history",), ("log", "--id"), ("export", "--id")):
        ended(
            invoke(*command, "order-7", url=url),
            1,
            err="esjournal: nothing found: 'order-7' is not a UUID, .* and no sequence of .* has that name\n",
        )
    assert lines(url, "log", "--name", "order-7") == []


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["order-*"], {ORDER}),
        (["?rder-1001"], {ORDER, OTHER}),
        (["[oO]rder*"], {ORDER, OTHER}),
        ([ORDER, OTHER], {ORDER, OTHER}),
        (["*"], {ORDER, OTHER}),
        (["%"], set()),
        (["order-1001\x00"], set()),
    ],
)
def test_names_select_events_and_sequences(url: str, patterns: list[str], expected: set[str]) -> None:
    options = [option for pattern in patterns for option in ("--name", pattern)]
    for command in ("log", "export", "list"):
        found = lines(url, command, *options)
        assert {found_line["sequence_name"] for found_line in found} == expected, command
    assert len(lines(url, "export", *options)) == 2 * len(expected)


def test_a_list_is_sorted_by_name_and_those_without_come_last(url: str) -> None:
    found = lines(url, "list", "--sort", "name")
    assert [line.get("sequence_name") for line in found] == [OTHER, ORDER, None]
    assert [line["sequence_name"] for line in lines(url, "list", "--sort", "name", "--name", "*", "--limit", "1")] == [
        OTHER
    ]
    text = invoke("list", url=url).stdout
    assert ORDER in text
    assert id_of_name(ORDER) not in text


def test_a_long_name_leaves_the_other_columns_whole_on_a_narrow_terminal(sqlite_url: str) -> None:
    initialise(sqlite_url)
    assert invoke("append", "order-" + "1" * 100, "0", "a#B", "{}", url=sqlite_url).exit_code == 0
    heading, row = plain(on_terminal("list", url=sqlite_url)).splitlines()
    assert heading.split("  ")[-2:] == ["first day", " last day"]
    assert re.fullmatch(r"order-1+… +1 +0\.\.0 +B +[\d-]+ +[\d-]+", row)


def test_a_journal_without_names_is_listed_as_before(sqlite_url: str) -> None:
    initialise(sqlite_url)
    assert invoke("append", ID, "0", "a#B", "{}", url=sqlite_url).exit_code == 0
    assert "sequence_name" not in invoke("list", "-F", "csv", url=sqlite_url).stdout
    assert "sequence_name" not in invoke("list", "-F", "ndjson", url=sqlite_url).stdout
    assert lines(sqlite_url, "list", "--name", "*") == []


def test_what_people_read_has_the_name_and_not_the_id(url: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    initialise(other)
    for command in (("log",), ("log", "--full"), ("stats",), ("verify", "--digest", "--per-sequence")):
        text = invoke(*command, url=url).stdout
        assert ORDER in text, command
        assert id_of_name(ORDER) not in text, command
    assert f"  {ORDER}  2 events" in invoke("diff", url, other).stdout
    conflict = rf"esjournal: sequence {ORDER}: version 1 is taken by a different event.*\n"
    ended(invoke("append", ORDER, "1", "a#B", "{}", url=url), 4, err=conflict)
    ended(invoke("append", id_of_name(ORDER), "1", "a#B", "{}", url=url), 4, err=conflict)


def test_a_follower_shows_the_first_name(sqlite_url: str) -> None:
    initialise(sqlite_url)
    with start("log", "-f", "--name", "new-*", url=sqlite_url, stdout=subprocess.PIPE) as process:
        assert invoke("append", "new-1", "next", "a#B", "{}", url=sqlite_url).exit_code == 0
        assert process.stdout is not None
        assert b"  new-1@0  a#B  {}" in process.stdout.readline()


def test_a_sequence_that_has_events_but_no_name_yet_is_found_by_it(changed_url: str) -> None:
    execute(changed_url, "DELETE FROM sequence_names")
    assert [event["originator_version"] for event in lines(changed_url, "get", ORDER)] == [0, 1]
    assert invoke("append", ORDER, "next", "a#B", "{}", url=changed_url).exit_code == 0
    assert {event["sequence_name"] for event in lines(changed_url, "get", id_of_name(ORDER))} == {ORDER}


def test_the_name_and_the_first_event_are_written_together(changed_url: str) -> None:
    execute(changed_url, "DELETE FROM sequence_names")
    assert invoke("append", ORDER, "0", "a#B", "{}", url=changed_url).exit_code == 4
    assert lines(changed_url, "list", "--name", "*") == []
