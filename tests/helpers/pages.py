"""The pages of the documentation: their snippets, and the shell that runs them."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = sorted(f"docs/decisions/{page.name}" for page in (ROOT / "docs" / "decisions").glob("*.md"))
PAGES = ["README.md", "CHANGELOG.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")), *DECISIONS]
# It needs an application that keeps writing: see tests/other_libraries/test_migrating.py.
MIGRATING = "docs/migrating.md"
# Servers that the documentation names; the tests use their own.
# A database with a journal in each of its schemas.
_DATABASE = re.compile(r"postgresql://me@localhost/shops\b")
SERVERS = re.compile(r"postgresql://me@[\w.]+/\w+")
END = "<<end>>"

Shell = Callable[[str], str]


class Block(NamedTuple):
    """A fenced block, and the line that it begins on."""

    line: int
    language: str
    text: str


class Step(NamedTuple):
    """A command, and its output; None if a page does not show it."""

    line: int
    command: str
    output: str | None


def blocks(page: str) -> Iterator[Block]:
    text = (ROOT / page).read_text()
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL):
        yield Block(text.count("\n", 0, found.start()) + 1, found[1], found[2])


def steps(block: Block) -> Iterator[Step]:
    if block.language == "sh":
        yield Step(block.line, block.text, None)
    if block.language == "console":
        for found in re.finditer(r"^\$ (.*\n(?:> .*\n)*)((?:(?!\$ ).*\n)*)", block.text, flags=re.MULTILINE):
            line = block.line + 1 + block.text.count("\n", 0, found.start())
            yield Step(line, found[1].replace("\n> ", "\n"), found[2])


def without_jq(text: str) -> str:
    return text if shutil.which("jq") else re.sub(r"^.*\bjq\b.*\n", "", text, flags=re.MULTILINE)


def pages_with(*languages: str) -> list[str]:
    """Return the pages that have blocks of a language, except the one that needs a running application."""
    return [page for page in PAGES if page != MIGRATING and any(block.language in languages for block in blocks(page))]


@contextmanager
def open_shell(home: Path, work: Path, postgres_url: str, database_url: str = "") -> Iterator[Shell]:
    """Yield a bash whose commands all print to one place; it fails the test at the first command that fails.

    Args:
        home: a folder that is made, for what the commands keep.
        work: the working folder.
        postgres_url: the URL of a schema, for the pages' own.
        database_url: the URL of a database with journals in its schemas, if a page names one.
    """
    home.mkdir()
    work.mkdir(exist_ok=True)
    (work / "docs").symlink_to(ROOT / "docs")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ESJOURNAL_", "PG"))}
    environment |= {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    bash = subprocess.Popen(
        ["bash", "--norc", "-e", "-o", "pipefail"],
        cwd=work,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert bash.stdin is not None
    assert bash.stdout is not None

    def run(command: str) -> str:
        assert bash.stdin is not None
        assert bash.stdout is not None
        # The server, the database and the schema are the test's own.
        here = _DATABASE.sub(lambda _: shlex.quote(database_url), command)
        here = SERVERS.sub(lambda _: shlex.quote(postgres_url), here)
        # On a busy machine, a program may take longer to start than the page gives it.
        here = re.sub(r"\btimeout( -s INT)? [23]\b", r"timeout\1 10", here)
        here = here.replace("--schema journal", f"--schema {postgres_url.partition('schema=')[2]}")
        bash.stdin.write(here.rstrip("\n") + f"\necho '{END}'\n")
        bash.stdin.flush()
        output = ""
        for line in bash.stdout:
            if line == f"{END}\n":
                return output
            output += line
        pytest.fail(f"{command.strip()!r} fails: {output}")

    with bash:
        yield run
        bash.stdin.close()


def run_step(step: Step, shell: Shell, page: str) -> None:
    """Run a command of a page, without the part for jq if jq is missing, and compare its output with the page."""
    command = without_jq(step.command)
    if not command:
        return
    printed = shell(command)
    if step.output is not None and command == step.command:
        same = doctest.OutputChecker().check_output(step.output, printed, doctest.ELLIPSIS)
        assert same, f"{page}:{step.line}: {command}{printed}"


def program_of(page: str) -> str:
    """Return the Python snippets of a page as one program."""
    text = ""
    for block in blocks(page):
        if block.language == "python":
            # Empty lines, so that errors name the lines of the page.
            text += "\n" * (block.line - text.count("\n")) + block.text
    return text
