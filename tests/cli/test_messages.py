"""Messages on stderr: folded at words on a terminal, one line elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from esjournal.cli.messages import folded
from esjournal.cli.rendering.parts.cells import width_of
from tests.helpers.program import environment, run
from tests.helpers.terminal import on_terminal

MESSAGE = "esjournal: nothing is at shop.db: run `esjournal --url shop.db init` to make a journal"


@pytest.mark.parametrize("columns", [80, 60, 40, 20, 12])
def test_a_message_is_folded_at_words_below_its_first_one(columns: int) -> None:
    first, *others = folded(MESSAGE, columns).splitlines()
    assert all(line.startswith(" " * 11) and line[11] != " " for line in others)
    assert " ".join([first, *(line[11:] for line in others)]) == MESSAGE
    for line in (first, *others):
        # What is too wide is alone on its line.
        assert len(line) <= columns or " " not in re.sub("`.*?`", "command", line.strip())


def test_a_command_to_paste_stays_whole() -> None:
    for columns in range(12, 100):
        assert "`esjournal --url shop.db init`" in folded(MESSAGE, columns)


def test_what_fits_is_one_line() -> None:
    assert folded(MESSAGE, len(MESSAGE)) == MESSAGE
    assert folded(MESSAGE, len(MESSAGE) - 1).count("\n") == 1


def test_spaces_in_a_value_stay() -> None:
    assert folded("esjournal: the name 'a   b' is not a time", 200).endswith("'a   b' is not a time")
    assert folded("esjournal: the name 'a   b' is not a time", 30).splitlines()[0] == "esjournal: the name 'a   b' is"


def test_wide_characters_take_two_columns() -> None:
    message = "esjournal: " + "注文 " * 20 + "is not here"
    for columns in (20, 30, 41, 80):
        lines = folded(message, columns).splitlines()
        assert max(map(width_of, lines)) <= columns
        assert " ".join([lines[0], *(line[11:] for line in lines[1:])]) == message


@pytest.mark.parametrize("ticks", ["`", "a ` b", "`` `"])
def test_backquotes_in_a_value_do_no_harm(ticks: str) -> None:
    message = f"esjournal: {ticks} is a strange name for a sequence, and it is long"
    assert folded(message, 40).replace("\n           ", " ") == message


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize(
    "arguments", [("log", "--limit", "-1"), ("get", "9b30"), ("hsitory", "9b30"), ("log", "--url", "postgresql://a:b")]
)
def test_the_program_folds_messages_on_a_terminal_only(
    arguments: tuple[str, ...], columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    elsewhere = run(*arguments, env=environment()).stderr
    assert elsewhere.count("\n") == 1
    shown = on_terminal(*arguments, columns=columns)
    assert shown == folded(elsewhere.rstrip("\n"), columns) + "\n"
    assert (shown.count("\n") > 1) == (len(elsewhere) - 1 > columns)
