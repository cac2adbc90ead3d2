"""Every snippet of the documentation runs, and so does every example of the help texts."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from esjournal.cli.app import app
from esjournal.infrastructure.sequenceditem import RecordedEvent
from esjournal.interchange.formats import format_of
from esjournal.interchange.streams import sink
from esjournal.journal.exporting import export_events
from esjournal.journal.opening import initialise, open_journal

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "CHANGELOG.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]
COMMANDS = ["init", "append", "get", "list", "log", "history", "stats", "verify", "info", "export", "import", "copy"]
SEQUENCE = "9b300b13-4410-51bf-85ca-234c8cea73da"
ANN = '{"owner":"Ann","address":{"zip":1010}}'
# Servers that the documentation names; the tests have another.
SERVERS = re.compile(r"postgresql://me@[\w.]+/\w+")
INSTALLING = re.compile(r"pip install|apt-get|python3 -m venv")
END = "<<end>>"

Shell = Callable[[str], str]


class Block(NamedTuple):
    """A fenced block, and the line it begins on."""

    line: int
    language: str
    text: str


class Step(NamedTuple):
    """A command, and what it prints; None where a page does not say."""

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
    return [page for page in PAGES if any(block.language in languages for block in blocks(page))]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the journals and files that the examples of the help texts speak of."""
    folder = tmp_path_factory.mktemp("exported")
    for name in ("esjournal.db", "old.db", "new.db"):
        initialise(str(folder / name))
    with open_journal(str(folder / "esjournal.db")) as journal:
        journal.events.append(RecordedEvent(SEQUENCE, 0, "accounts#Opened", ANN, "2026-01-01T00:00:00.000000Z"))
        journal.events.append(RecordedEvent(SEQUENCE, version, "accounts#Renamed", ANN) for version in range(1, 20))
    classes = (
        "from esjournal.domain.model.events import DomainEvent",
        "class Opened(DomainEvent): pass",
        "class Renamed(DomainEvent): pass",
    )
    (folder / "accounts.py").write_text("\n".join(classes))
    with open_journal(str(folder / "old.db")) as journal:
        journal.events.append(RecordedEvent(str(uuid4()), 0, "accounts#Opened", "{}") for _ in range(3))
        for name in (
            "events.ndjson",
            "events.ndjson.gz",
            "events.csv",
            "2026-01.ndjson",
            "huge.ndjson.zst",
            "old.ndjson",
        ):
            with sink(str(folder / name)) as stream:
                export_events(journal, stream, format_of(name))
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder that a shell works in."""
    return tmp_path / "work"


@pytest.fixture
def shell(tmp_path: Path, work: Path, postgres_url: str) -> Iterator[Shell]:
    """A bash of which every command prints to one place; it fails the test at the first command that fails."""
    (tmp_path / "home").mkdir()
    work.mkdir(exist_ok=True)
    for name in ("docs", "completions"):
        (work / name).symlink_to(ROOT / name)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ESJOURNAL_", "PG"))}
    environment |= {"HOME": str(tmp_path / "home"), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
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
        # Both the server and the schema are the test's own.
        here = SERVERS.sub(lambda _: shlex.quote(postgres_url), command)
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


@pytest.mark.parametrize("page", pages_with("sh", "console"))
def test_the_shell_snippets_of_a_page_run_and_print_what_it_shows(page: str, shell: Shell) -> None:
    checker = doctest.OutputChecker()
    for block in blocks(page):
        for step in steps(block):
            if INSTALLING.search(step.command):
                continue
            command = without_jq(step.command)
            if not command:
                continue
            printed = shell(command)
            if step.output is not None and command == step.command:
                same = checker.check_output(step.output, printed, doctest.ELLIPSIS)
                assert same, f"{page}:{step.line}: {command}{printed}"


@pytest.mark.parametrize("page", pages_with("python"))
def test_the_python_snippets_of_a_page_run_as_one_program(page: str, tmp_path: Path, postgres_url: str) -> None:
    text = ""
    for block in blocks(page):
        if block.language == "python":
            # Empty lines, so that errors name the lines of the page.
            text += "\n" * (block.line - text.count("\n")) + block.text
    program = tmp_path / Path(page).name
    program.write_text(SERVERS.sub(lambda _: postgres_url, text))
    result = subprocess.run(
        [sys.executable, "-W", "error", str(program)], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_says_what_it_is(page: str) -> None:
    for block in blocks(page):
        assert block.language in {"console", "sh", "python", "text", "json", "sql", "mermaid"}, f"{page}:{block.line}"


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page: str) -> None:
    for path, anchor in re.findall(r"\]\(([^)#:]*)#?([^):]*)\)", (ROOT / page).read_text()):
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), path
        headings = re.findall(r"^#+ (.*)", target.read_text(), flags=re.MULTILINE) if anchor else []
        assert anchor in {"", *(heading.lower().replace(" ", "-") for heading in headings)}, f"{path}#{anchor}"


def test_the_readme_sets_up_and_tests_with_one_line_each() -> None:
    text = (ROOT / "README.md").read_text()
    for heading in ("## Try it", "## Run the tests"):
        fenced = text.partition(f"{heading}\n")[2].partition("```sh\n")[2].partition("```")[0]
        assert fenced.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
        assert fenced.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_a_commands_help_run(
    command: str, exported: Path, work: Path, shell: Shell, postgres_url: str
) -> None:
    help_text = CliRunner().invoke(app, [command, "--help"]).output
    found = re.search(r"  Examples:\n((?:    .+\n)+)", help_text)
    assert found is not None
    if command != "init":
        shutil.copytree(exported, work, dirs_exist_ok=True)
    if command == "append":
        initialise(str(work / "fresh.db"))
        shell("export ESJOURNAL_URL=fresh.db")
    if command == "copy":
        initialise(postgres_url)
    for example in without_jq(found[1]).splitlines():
        shell(example.strip())


def test_jq_is_here() -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not here: the snippets that use it were left out; .ci/run installs it")
