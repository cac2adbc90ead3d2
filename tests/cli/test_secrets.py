"""A password never appears in the program's output, however it was given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from esjournal.cli.unexpected import say_unexpected
from tests.helpers.events import ID, sequence
from tests.helpers.program import COMMAND_NAMES, environment, invoke, run
from tests.helpers.stores import journal_with

CANARY = "tweety-c4n4ry"
ESCAPED = "tweety%2Dc4n4ry"
GIVEN = [
    f"postgresql://ada:{CANARY}@127.0.0.1:1/db",
    f"postgresql://ada:{ESCAPED}@127.0.0.1:1/db",
    f"postgresql://ada:x%00{CANARY}@127.0.0.1:1/db",
    f"postgresql://ada:{CANARY}@a..b/db",
    f"postgresql://ada:{CANARY}@{'a' * 64}/db",
    f"postgresql://ada:{CANARY} x@127.0.0.1:1/db",
    f"postgresql://ada:x'{CANARY}\\@127.0.0.1:1/db",
    f"postgresql://ada:x@{CANARY}@127.0.0.1:1/db",
    f"postgresql://ada:x/{CANARY}@127.0.0.1:1/db",
    f"postgresql://ada:x?{CANARY}@127.0.0.1:1/db",
    f"postgresql://ada:{CANARY}@127.0.0.1:1,127.0.0.1:2/db",
    f"postgresql://ada:{CANARY}@[::1]:1,[::1]:2/db",
    f"postgresql://127.0.0.1:1/db?password={CANARY}",
    f"postgresql://127.0.0.1:1/db?password=ab@{CANARY}",
    f"postgresql://127.0.0.1:1?password={CANARY}@cd",
    f"postgresql://?password={CANARY}@cd",
    f"postgresql://127.0.0.1:1/db?sslpassword={CANARY}",
    f"postgresql://127.0.0.1:1/db?sslmode=requir&password={CANARY}",
    f"postgresql://127.0.0.1:1/db?service=none&password={CANARY}",
    f"mysql://ada:{CANARY}@127.0.0.1/db",
    f"ada:{CANARY}@127.0.0.1/db",
    f"host=127.0.0.1 port=1 password={CANARY}",
    f"host=127.0.0.1 port=1 password='x {CANARY}'",
]


def without_canary(*arguments: str, codes: tuple[int, ...] = (2, 3, 5), **variables: str) -> None:
    result = invoke(*arguments, env=variables)
    assert result.exit_code in codes, result.output
    assert CANARY not in result.output
    assert ESCAPED not in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("given", GIVEN)
def test_an_address_that_cannot_be_opened(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (["init"], ["log"], ["append", "new", "0", "a#B", "{}"], ["info"]):
        without_canary(*command, "--url", given)
        without_canary(f"--url={given}", *command)
    without_canary("log", ESJOURNAL_URL=given)
    without_canary("diff", given, given)
    without_canary("copy", given, "b.db")
    assert os.listdir(tmp_path) == []  # noqa: PTH208


@pytest.mark.parametrize("given", GIVEN)
def test_an_address_in_any_other_place(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    journal = journal_with(str(tmp_path / "journal.db"), sequence(3))
    without_canary(given)
    without_canary(given, "list")
    without_canary("list", given, url_of_a_typo(given))
    # Without a scheme it may be the name of a sequence.
    codes = (2,) if "://" in given or "password=" in given else (0, 1)
    without_canary("--url", journal, "get", given, codes=codes)
    without_canary("--url", journal, "get", ID, given)
    without_canary("--url", journal, "history", given, codes=codes)
    without_canary("--url", journal, "trace", given, codes=(1,))
    without_canary("--url", journal, "append", given, "0", "a#B", "{}", codes=codes)
    without_canary("--url", journal, "append", ID, given, "a#B", "{}")
    without_canary("--url", journal, "append", ID, "3", "a#B", given)
    without_canary("--url", journal, "list", "--sort", given)
    without_canary("--url", journal, "log", f"--since={given}")
    without_canary("--url", journal, "log", "--where", given)
    without_canary("--url", journal, "log", "--template", "{" + given)
    without_canary("--url", journal, "import", given)
    without_canary("--url", journal, "verify", "--events", given)
    without_canary("--url", journal, "log", "-n", given)
    without_canary("--layout", given, "log")
    without_canary("--url", journal, "--layout", "message-db", "--table", given, "log")


@pytest.mark.parametrize("command", COMMAND_NAMES)
def test_an_option_that_no_command_has(command: str) -> None:
    without_canary(command, f"--{GIVEN[0]}")


@pytest.mark.parametrize("given", [each for each in GIVEN if len(each) <= 63 and "\0" not in each])
def test_an_address_as_the_name_of_a_schema_or_a_table_on_a_server(given: str) -> None:
    server = "postgresql://ada@127.0.0.1:1/db"
    without_canary("--url", server, "init", "--schema", given)
    without_canary("--url", server, "--layout", "message-db", "--table", given, "log")


def url_of_a_typo(given: str) -> str:
    return given.replace("://", "//")


def test_a_message_says_which_address_it_was() -> None:
    result = invoke("get", f"postgresql://ada:{CANARY}@127.0.0.1:1/db?schema=a&password={CANARY}")
    assert "postgresql://ada:***@127.0.0.1:1/db?schema=a&password=***" in result.stderr


def test_an_error_that_nothing_foresaw(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for traced in ("", "1"):
        monkeypatch.setenv("ESJOURNAL_TRACEBACK", traced)
        for given in GIVEN:
            monkeypatch.setattr("sys.argv", ["esjournal", f"--url={given}"])
            say_unexpected(LookupError(f"of {given} and {given!r}"))
            shown = capsys.readouterr().err
            assert "LookupError: of " in shown
            assert CANARY not in shown


@pytest.mark.long
def test_as_a_process_too(tmp_path: Path) -> None:
    for given in GIVEN:
        ended = run(given, "list", cwd=tmp_path, env=environment(ESJOURNAL_URL=given))
        assert ended.returncode == 2
        assert CANARY not in ended.stdout + ended.stderr
