"""Halves of surrogate pairs, as escapes in states or as bytes that are not UTF-8: shown as escapes, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.program import run
from tests.helpers.stores import journal_with

pytestmark = pytest.mark.long

HALF = r'{"s":"\ud83d","k\ud83d":1}'
NOT_UTF8 = b"bad\xff"


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, [event(0, HALF), event(0, '{"s":"ok"}', of=OTHER_ID)])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["log", "--template", "{state.s}"], "\\ud83d\nok\n"),
        (["log", "--template", r'{state."k\ud83d"}'], "1\n\n"),
        (["log", "--template", "{state}", "-n", "2", "--where", r's == "\ud83d"'], f"{HALF}\n"),
        (["log", "--template", "{state.s}", "--where", r'"k\ud83d" == 1'], "\\ud83d\n"),
        (["log", "--template", "{state.s}", "--where", r's > "\ud83c"'], "\\ud83d\n"),
        (["log", "--template", "{state.s}", "--where", r's != "\ud83d"'], "ok\n"),
        (["log", "--template", "{state.s}", "--where", 's == "\\u0000"'], ""),
        (["log", "--template", b"\xff{state.s}"], "\\udcff\\ud83d\n\\udcffok\n"),
        (["history", ID, "--field", r'"k\ud83d"', "-F", "json"], None),
        (["history", ID], None),
        (["log", "-F", "csv"], None),
        (["get", ID], None),
    ],
)
def test_half_of_a_surrogate_pair_is_an_escape_wherever_it_is_shown_and_can_be_looked_for(
    url: str, arguments: list[str], expected: str | None
) -> None:
    ended = run(*arguments, url=url)
    assert (ended.returncode, "Traceback" in ended.stderr) == (1 if expected == "" else 0, False), ended.stderr
    if expected is None:
        assert "\\ud83d" in ended.stdout
    else:
        assert ended.stdout == expected


@pytest.mark.parametrize(
    "arguments",
    [
        ["info"],
        ["info", "-F", "json"],
        ["verify", "--digest"],
        ["verify", "--digest", "-F", "json"],
        ["stats"],
        ["log", "--type", b"[\xff]*", "--type", "*"],
        ["list", "--type", b"\xff", "--type", "*"],
        ["diff", "-F", "json", "."],
    ],
)
@pytest.mark.parametrize("ending", [b".db", b".ndjson"])
def test_a_path_that_is_not_utf8_is_shown_with_escapes(
    tmp_path: Path, arguments: list[str | bytes], ending: bytes
) -> None:
    name = NOT_UTF8 + ending
    journal_with(str(tmp_path / "j.db"), [event(0, HALF)])
    run("export", "-o", b"bad\xff.ndjson", url="j.db", cwd=tmp_path)
    (tmp_path / "j.db").rename(tmp_path / "bad\udcff.db")
    given = [name if argument == "." else argument for argument in arguments]
    ended = run(*([*given, name] if given[0] == "diff" else ["--url", name, *given]), cwd=tmp_path)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
    if arguments[0] in ("info", "diff"):
        assert "bad\\udcff" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["log", "--type", b"\xff"], 1, "nothing found"),
        (["log", "--type", b"a\xff*"], 1, "nothing found"),
        (["list", "--type", b"\xff"], 1, "nothing found"),
        (["log", "--where", b"a\xff == 1"], 1, "nothing found"),
        (["log", "--where", b's == "\xff"'], 1, "nothing found"),
        (["log", "-g", b"\xff"], 1, "nothing found"),
        (["log", "--since", b"\xff"], 2, "'\\udcff' is not a time"),
        (["get", b"\xff"], 2, "'\\udcff'"),
        (["append", "new", "0", b"a\xff", "{}"], 3, "'a\\udcff'"),
        (["append", "new", "0", "a", b'{"a":"\xff"}'], 3, "not valid UTF-8"),
        (["import", b"\xff.ndjson"], 2, "\\udcff.ndjson cannot be read"),
        (["log", "--layout", "eventsourcing", "--table", b"\xff"], 5, "has no table"),
        (["--url", b"postgresql://\xff@localhost/x", "info"], 2, "malformed"),
    ],
)
def test_an_argument_that_is_not_utf8_ends_with_a_message(
    url: str, arguments: list[str | bytes], code: int, message: str
) -> None:
    ended = run(*arguments, url=None if arguments[0] == "--url" else url)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert "Traceback" not in ended.stderr
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1
