"""What the help of every command looks like, and `esjournal help`."""

from __future__ import annotations

import re
from typing import Any

import pytest

from esjournal.cli.commandtable import HELP, CommandTable
from esjournal.cli.helppage import COMMON_OPTIONS
from tests.helpers.program import COMMAND_NAMES, ended, invoke, refused

HELPS = ["", *COMMAND_NAMES]
OPTION = re.compile(r"^  (?:(-\w), )?(-[-\w]+)", re.MULTILINE)


def help_of(command: str) -> str:
    result = invoke(*command.split(), "--help", env={"COLUMNS": "80"})
    assert result.exit_code == 0
    return result.stdout


def sections(text: str) -> dict[str, str]:
    """Return what is below each heading of a help."""
    headed = re.split(r"^(Arguments|Options|Common options|Commands):\n", text, flags=re.MULTILINE)
    return dict(zip(headed[1::2], headed[2::2], strict=True))


def options_of(text: str) -> list[str]:
    return [found[2] for found in OPTION.finditer(text)]


def test_each_command_has_one_line_in_the_help_of_the_program() -> None:
    lines = sections(help_of(""))["Commands"].splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [[name, text] for name, text in HELP.items()]


@pytest.mark.parametrize("command", HELPS)
def test_a_help_has_no_words_of_the_parser_and_fits_the_screen(command: str) -> None:
    text = re.sub(r"  Examples:\n(?:    .+\n)+", "", help_of(command))
    for word in ("<=x", "x<", "[default", "[required]", "|ndjson", "{ID}", "{FILE"):
        assert word not in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("command", HELPS)
def test_options_of_many_commands_are_last_and_in_one_order(command: str) -> None:
    found = sections(help_of(command))
    own = options_of(found["Options"]) if "Common options" in found else []
    common = options_of(found.get("Common options", found["Options"]))
    assert common == [name for name in COMMON_OPTIONS if name in common]
    assert common[-1] == "--help"
    assert not set(own) & set(COMMON_OPTIONS)


@pytest.mark.parametrize("command", COMMAND_NAMES)
def test_a_help_names_every_option_and_every_choice(command: str) -> None:
    text = help_of(command)
    made: Any = CommandTable()[command]
    for parameter in made.params:
        for name in parameter.opts if parameter.param_type_name == "option" else [parameter.metavar]:
            assert name in text
        for choice in getattr(parameter.type, "choices", ()):
            assert re.search(rf"\b{choice}\b", text), (parameter.name, choice)


def test_a_help_says_what_is_required_and_what_is_the_default() -> None:
    text = help_of("each")
    assert text.startswith("Usage: esjournal each [OPTIONS] --cursor-file FILE COMMAND...\n")
    assert re.search(r"Start after the cursor in FILE, and advance it\.\s+Required\.\n", text)
    assert "try N times again. Default: 5.\n" in text
    assert "Output format: table (default), json, ndjson or csv.\n" in help_of("get")


def test_a_long_option_has_a_line_of_its_own() -> None:
    assert re.search(r"^  --events MODULE\[:MODULE...\]\n +Import these modules", help_of("verify"), re.MULTILINE)


@pytest.mark.parametrize("command", COMMAND_NAMES)
def test_help_prints_the_help_of_a_command(command: str) -> None:
    ended(invoke("help", command), 0, out=invoke(command, "--help").stdout)


def test_help_alone_prints_the_help_of_the_program() -> None:
    ended(invoke("help"), 0, out=invoke("--help").stdout)


@pytest.mark.parametrize(("given", "nearest"), [("hsitory", "history"), ("exprot", "export"), ("verfiy", "verify")])
def test_an_unknown_command_is_refused_with_the_nearest_name(given: str, nearest: str) -> None:
    for arguments in ([given], ["help", given]):
        refused(invoke(*arguments), 2, f"No such command '{given}'. Did you mean '{nearest}'")


def test_a_command_like_no_other_is_refused_too() -> None:
    refused(invoke("help", "zzz"), 2, r"No such command 'zzz' \(see esjournal --help\)")


def test_a_number_out_of_range_is_refused_in_words() -> None:
    refused(invoke("log", "--limit", "-1"), 2, f"-1 is not a number from 0 to {2**63 - 1} ")
