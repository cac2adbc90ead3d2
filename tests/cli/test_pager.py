"""The pager: when it begins, what it gets, and how the program ends when the user leaves it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from tests.helpers.events import ID, event
from tests.helpers.program import environment, run
from tests.helpers.stores import damaged_journal_with, journal_with
from tests.helpers.terminal import Pressed, ended_on_terminal, on_terminal, plain

pytestmark = pytest.mark.long

needs_less = pytest.mark.skipif(shutil.which("less") is None, reason="less is not installed")

CONTROL_C = "\x03"
# What less shows.
PROMPT, BELL = "\n:", "\x07"
# In every process that starts: after some findings and differences the next one takes for ever.
SLOW = """
import time
from esjournal.journal.compare.comparison import Comparison
from esjournal.journal.inspect.verification import Verification


def slow(found):
    def first_then_none(*arguments, **options):
        for number, one in enumerate(found(*arguments, **options)):
            if number == 50:
                show_progress = arguments[-1]
                show_progress(number)
                time.sleep(600)
            yield one
    return first_then_none


Comparison.differences = slow(Comparison.differences)
Verification.findings = slow(Verification.findings)
"""
# To find that these do not match takes longer than anyone waits.
ENDLESS_STATE, ENDLESS_PATTERN = '{"a":"' + "x" * 60 + '"}', '(x+x+)+y|"n"'


@pytest.fixture
def url(sqlite_url: str) -> str:
    return journal_with(sqlite_url, [event(n, f'{{"n":{n}}}') for n in range(60)])


@pytest.fixture
def endless(sqlite_url: str) -> str:
    """A journal in which a search finds the first events, and then searches for ever."""
    return journal_with(sqlite_url, [*(event(n, f'{{"n":{n}}}') for n in range(20_000)), event(20_000, ENDLESS_STATE)])


@pytest.fixture
def unsound(sqlite_url: str) -> str:
    """A journal with more findings than a screen has lines."""
    return damaged_journal_with(sqlite_url, [event(n, "not JSON") for n in range(90)])


@pytest.fixture
def other(tmp_path: Path) -> str:
    """A journal that differs from `url` in every event."""
    return journal_with(f"sqlite:///{tmp_path}/other.db", [event(n, f'{{"m":{n}}}') for n in range(60)])


@pytest.fixture
def slow(tmp_path: Path) -> str:
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(SLOW)
    return str(tmp_path / "slow")


def less_in(folder: Path, script: str) -> str:
    """Make a program in place of less, and return its path."""
    program = folder / "less"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


# When it begins


def test_the_users_pager_gets_what_is_longer_than_the_screen(url: str, tmp_path: Path) -> None:
    text = on_terminal("log", url=url, PAGER=f"tee {tmp_path / 'paged'}")
    assert (tmp_path / "paged").read_text() == text
    assert len(plain(text).splitlines()) == 61


def test_no_pager_begins_where_everything_fits_the_screen(url: str, tmp_path: Path) -> None:
    # A line is the pager's own.
    for rows, begins in ((62, False), (61, True)):
        code, text = ended_on_terminal("log", url=url, rows=rows, PAGER=f"tee {tmp_path / 'paged'}")
        assert (code, len(text.splitlines()), (tmp_path / "paged").exists()) == (0, 61, begins)


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [(["--no-pager"], {}), ([], {"PAGER": ""}), ([], {"PAGER": "cat"}), ([], {"PAGER": "no-such-pager"})],
)
def test_no_pager_is_used_where_none_is_wanted_or_there(
    url: str, arguments: list[str], variables: dict[str, str]
) -> None:
    assert len(plain(on_terminal("log", *arguments, url=url, **{"PAGER": "false", **variables})).splitlines()) == 61


@pytest.mark.parametrize(
    "command", [["get", ID], ["list"], ["history", ID], ["stats"], ["trace", "1"], ["log"], ["log", "-F", "ndjson"]]
)
def test_every_screen_of_events_is_paged(sqlite_url: str, tmp_path: Path, command: list[str]) -> None:
    correlated = (event(n)._replace(metadata='{"correlation_id":"c"}') for n in range(3))
    url = journal_with(sqlite_url, correlated)
    pager = f"tee {tmp_path / 'paged'}"
    _, shown = ended_on_terminal(*command, url=url, rows=2, PAGER=pager)
    paged = (tmp_path / "paged").read_text()
    # What was shown before the screen was full is shown again.
    assert shown.endswith(paged)
    assert paged
    (tmp_path / "paged").unlink()
    _, whole = ended_on_terminal(*command, "--no-pager", url=url, rows=2, PAGER=pager)
    assert whole == paged
    assert not (tmp_path / "paged").exists()
    assert ended_on_terminal(*command, url=url, rows=2, PAGER="true")[0] == 0


def test_verify_and_diff_are_paged_and_keep_their_exit_codes(
    url: str, other: str, unsound_file: str, tmp_path: Path
) -> None:
    for command in (["--url", unsound_file, "verify"], ["diff", "--full", url, other], ["diff", url, other]):
        pager = f"tee {tmp_path / 'paged'}"
        code, shown = ended_on_terminal(*command, rows=4, PAGER=pager)
        paged = (tmp_path / "paged").read_text()
        assert code == 1
        assert paged in shown
        # The totals are on stderr, and come after the pager.
        assert "esjournal:" in shown
        assert "esjournal:" not in paged
        (tmp_path / "paged").unlink()
        assert ended_on_terminal(*command, "--no-pager", rows=4, PAGER=pager)[0] == 1
        assert not (tmp_path / "paged").exists()


@pytest.fixture
def unsound_file(tmp_path: Path) -> str:
    return damaged_journal_with(f"sqlite:///{tmp_path}/unsound.db", [event(n, "not JSON") for n in range(90)])


def test_no_pager_begins_where_nothing_is_found(url: str, tmp_path: Path) -> None:
    text = on_terminal("log", "--type", "none", url=url, PAGER=f"tee {tmp_path / 'paged'}")
    assert "nothing found" in text
    assert not (tmp_path / "paged").exists()


def test_a_pipe_is_not_paged(url: str) -> None:
    ended = run("log", url=url, env=environment(PAGER="false"))
    assert (ended.returncode, ended.stdout.count("\n")) == (0, 60)


# What it gets


@pytest.mark.parametrize("less", [None, "", "-j10", "FRX", "-M --chop-long-lines"])
def test_less_shows_colours_and_chops_lines_whatever_its_own_variable_says(
    url: str, tmp_path: Path, less: str | None
) -> None:
    program = less_in(tmp_path, f'printf \'%s|\' "$LESS" "$@" > {tmp_path / "called"}\ncat')
    variables = {} if less is None else {"LESS": less}
    on_terminal("log", url=url, PAGER=f"{program} -J", **variables)
    *given, _ = (tmp_path / "called").read_text().split("|")
    assert given == ["FRX" if less is None else less, "-R", "-S", "-J"]


@pytest.mark.parametrize(("version", "options"), [("590", []), ("608", ["--header=1"]), ("x", [])])
def test_the_header_stays_where_less_knows_how(
    url: str, other: str, tmp_path: Path, version: str, options: list[str]
) -> None:
    program = less_in(
        tmp_path,
        f'[ "$1" = --version ] && echo "less {version} (GNU)" && exit\n'
        f"printf '%s|' \"$@\" > {tmp_path / 'called'}\ncat",
    )
    on_terminal("log", url=url, PAGER=program)
    assert (tmp_path / "called").read_text().split("|")[:-1] == ["-R", "-S", *options]
    on_terminal("diff", "--full", url, other, PAGER=program)
    assert (tmp_path / "called").read_text().split("|")[:-1] == ["-R", "-S", *options]
    for command in (["log", "--full"], ["diff", "--full", "-F", "ndjson", url, other]):
        on_terminal(*command, url=url if command[0] == "log" else None, PAGER=program)
        assert (tmp_path / "called").read_text().split("|")[:-1] == ["-R", "-S"]


def test_lines_are_whole_where_less_chops_them_and_cut_where_they_fit_the_screen(
    sqlite_url: str, tmp_path: Path
) -> None:
    program = less_in(tmp_path, "exec cat")
    journal_with(sqlite_url, [event(n, '{"first":"' + "x" * 100 + '","last":1}') for n in range(60)])
    whole = plain(on_terminal("log", url=sqlite_url, PAGER=program)).splitlines()
    assert len(whole) == 61
    assert all(line.endswith(f"{'x' * 100} last=1") for line in whole[1:])
    few = plain(on_terminal("log", "-22", url=sqlite_url, PAGER=program)).splitlines()
    assert (len(few), max(map(len, few))) == (23, 80)
    other = plain(on_terminal("log", url=sqlite_url, PAGER="sed -n p")).splitlines()
    assert max(map(len, other)) <= 80


@pytest.mark.parametrize("command", [["history", ID], ["history", ID, "--from-version", "0"], ["trace", "1"]])
def test_what_less_chops_is_folded_where_it_fits_the_screen(
    sqlite_url: str, tmp_path: Path, command: list[str]
) -> None:
    program = less_in(tmp_path, "exec cat")
    metadata = json.dumps({"correlation_id": "c", "note": "y" * 100})
    states = (json.dumps({f"k{n}": "x" * 100}) for n in range(12))
    journal_with(sqlite_url, [event(n, state)._replace(metadata=metadata) for n, state in enumerate(states)])
    for rows, most in ((10, 160), (200, 80)):
        text = plain(ended_on_terminal(*command, url=sqlite_url, rows=rows, PAGER=program)[1])
        whole = [line for line in text.splitlines() if "x" * 100 in line or "y" * 100 in line]
        assert max(map(len, text.splitlines())) <= most
        assert (len(whole) > 10) == (rows == 10)


@needs_less
def test_less_finds_what_is_beyond_the_edge(sqlite_url: str) -> None:
    states = (f'{{"long":"{"x" * 200}","number":{n}}}' for n in range(1_000))
    journal_with(sqlite_url, [event(n, state) for n, state in enumerate(states)])
    with Pressed("log", url=sqlite_url) as terminal:
        terminal.wait_for(PROMPT)
        assert "number=" not in terminal.shown
        # The line that is found is the first of the screen.
        terminal.press("/number=777$\r")
        terminal.wait_for("     778  ")
        terminal.press("G")
        terminal.wait_for("(END)")
        assert "    1000  " in terminal.shown
        terminal.press("q")
        assert terminal.end() == 0


# How it is left


@pytest.mark.parametrize("pager", ["true", "head -n 2", "sh -c 'exec <&-'"])
def test_a_pager_that_is_left_early_is_exit_0_without_a_word(sqlite_url: str, pager: str) -> None:
    journal_with(sqlite_url, [event(n, '{"a":"' + "x" * 500 + '"}') for n in range(3_000)])
    code, text = ended_on_terminal("log", url=sqlite_url, PAGER=pager)
    assert (code, len(text.splitlines())) == (0, 2 if "head" in pager else 0)


@needs_less
def test_q_ends_a_search_that_finds_nothing_more(endless: str) -> None:
    with Pressed("log", "-g", ENDLESS_PATTERN, url=endless) as terminal:
        terminal.wait_for(PROMPT)
        terminal.press("q")
        assert terminal.end() == 0
        assert "esjournal" not in terminal.shown


@needs_less
@pytest.mark.parametrize("command", ["verify", "diff"])
def test_q_ends_what_goes_on_reading_and_the_answer_is_then_0(
    unsound_file: str, url: str, other: str, slow: str, command: str
) -> None:
    commands = {"verify": ["--url", unsound_file, "verify"], "diff": ["diff", "--full", url, other]}
    with Pressed(*commands[command], rows=10, PYTHONPATH=slow) as terminal:
        terminal.wait_for(PROMPT)
        terminal.press("q")
        assert terminal.end() == 0
        assert "esjournal:" not in terminal.shown


@needs_less
@pytest.mark.parametrize("command", ["verify", "diff"])
def test_q_after_the_end_leaves_the_answer_as_it_is(unsound_file: str, url: str, other: str, command: str) -> None:
    commands = {"verify": ["--url", unsound_file, "verify"], "diff": ["diff", "--full", url, other]}
    with Pressed(*commands[command], rows=10) as terminal:
        terminal.wait_for(PROMPT)
        terminal.press("G")
        terminal.wait_for("(END)")
        terminal.press("q")
        assert terminal.end() == 1
        assert "esjournal:" in terminal.shown


@needs_less
def test_control_c_is_for_the_pager(endless: str) -> None:
    with Pressed("log", "-g", ENDLESS_PATTERN, url=endless) as terminal:
        terminal.wait_for(PROMPT)
        # While less draws the screen, Ctrl-C would cost the next key.
        time.sleep(0.5)
        terminal.press(CONTROL_C)
        terminal.wait_for(BELL)
        terminal.wait_for(PROMPT)
        assert terminal.process.poll() is None
        terminal.press("q")
        assert terminal.end() == 0
        assert "esjournal" not in terminal.shown


def test_control_c_that_ends_the_pager_ends_the_program(endless: str) -> None:
    # The pager reads the first lines, and then waits.
    pager = "sh -c 'head -n 30 && exec sleep 600'"
    with Pressed("log", "-g", ENDLESS_PATTERN, url=endless, PAGER=pager) as terminal:
        terminal.wait_for("      29  ")
        terminal.press(CONTROL_C)
        assert terminal.end() == 130
        assert "esjournal: interrupted" in terminal.shown


def test_control_c_before_the_pager_ends_the_program(endless: str) -> None:
    with Pressed("log", "-g", ENDLESS_PATTERN, url=endless, rows=60_000) as terminal:
        terminal.wait_for("       9  ")
        terminal.press(CONTROL_C)
        assert terminal.end() == 130
        assert "esjournal: interrupted" in terminal.shown


def test_a_pager_that_goes_on_in_the_background_gets_everything(sqlite_url: str, tmp_path: Path) -> None:
    # More than a pipe holds, so that the program is still writing when the process that it started has ended.
    journal_with(sqlite_url, [event(n, '{"a":"' + "x" * 500 + '"}') for n in range(3_000)])
    program = less_in(tmp_path, f"exec 3<&0; (sleep 0.5; cat <&3 > {tmp_path / 'paged'}) &")
    assert ended_on_terminal("log", url=sqlite_url, PAGER=program)[0] == 0
    assert (tmp_path / "paged").read_text().count("\n") == 3_001
