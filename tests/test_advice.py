"""Commands in messages can be pasted into a shell, whatever the names in them contain."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from esjournal.advice import command, quoted
from tests.helpers.program import invoke

NAMES = [
    "plain.db",
    "my db",
    "it's",
    "a'b\\c\nd",
    "tab\t",
    "\x1b[31m",
    "a`b`$(c)",
    "*",
    "\u202ex",
    os.fsdecode(b"bad\xff"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_shell_reads_a_quoted_word_as_it_was(name: str) -> None:
    assert quoted(name).isprintable()
    printed = subprocess.run(["bash", "-c", f"printf %s {quoted(name)}"], capture_output=True, check=True).stdout
    assert printed == os.fsencode(name)


def test_a_command_with_a_secret_is_offered_without_its_address() -> None:
    assert command("init", url="postgresql://me:***@h/db") == "`esjournal init` on the same --url"
    assert command("init", url="postgresql://h/my db") == "`esjournal --url 'postgresql://h/my db' init`"


@pytest.mark.parametrize("name", ["my db", "it's", "100%.db", "what?", "a#b", "a\nb"])
def test_the_advice_where_nothing_is_makes_a_journal_there(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    followed = invoke("list", url=str(tmp_path / name))
    assert followed.exit_code == 5
    made = re.search("run `esjournal (.*)`", followed.stderr)
    assert made, followed.stderr
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {made[1]}"], capture_output=True, text=True, check=True)
    assert invoke(*words.stdout.split("\0")[:-1]).exit_code == 0
    assert [found.name for found in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("words", ["init", "list", "export", "verify"])
def test_a_link_to_nothing_is_named_as_one(tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to("no where")
    ended = invoke(words, url="link")
    advice = f"run `esjournal --url '{tmp_path}/no where' init` to make a journal there"
    message = f"esjournal: link is a link to {tmp_path}/no where, which does not exist: remove the link, or {advice}\n"
    assert (ended.exit_code, ended.stderr) == (5, message)


@pytest.mark.parametrize("url", [":memory:", "sqlite://", "sqlite:///:memory:", ":temporary:", "-"])
@pytest.mark.parametrize("words", [["init"], ["init", "--sql"], ["list"], ["append", "new", "0", "a", "{}"]])
def test_a_database_that_keeps_nothing_is_not_a_journal(
    tmp_path: Path, url: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = invoke(*words, url=url)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert re.fullmatch("esjournal: .*: name a file, or \\./.* if that is its name\n", ended.stderr)
    assert list(tmp_path.iterdir()) == []
