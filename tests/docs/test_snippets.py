"""Every snippet of the documentation runs, and so does every example of the help texts."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from esjournal.cli.app import app
from esjournal.domain.choices import FileFormat
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name
from esjournal.interchange.formats import format_of
from esjournal.interchange.outputfiles import sink
from esjournal.journal.journal import initialise, open_journal
from esjournal.journal.transfer.exporting import export_events
from tests.helpers.events import sequence
from tests.helpers.loaded import loaded_folder
from tests.helpers.pages import (
    DECISIONS,
    PAGES,
    ROOT,
    SERVERS,
    Shell,
    blocks,
    open_shell,
    pages_with,
    program_of,
    run_step,
    steps,
    without_jq,
)
from tests.helpers.postgresql import own_database
from tests.helpers.program import COMMAND_NAMES
from tests.helpers.stores import journal_with

SEQUENCE = "9b300b13-4410-51bf-85ca-234c8cea73da"
EFFECT = '{"user":"ann","causation_id":"order-1001/0","correlation_id":"checkout-77"}'
ANN = '{"owner":"Ann","address":{"zip":1010}}'
SHOP = """
def order(state, event):
    state["paid"] = state.get("paid", 0) + event.state.get("paid", 0)

def sales(state, event):
    state["events"] = state.get("events", 0) + 1

class Order:
    def __init__(self):
        self.paid = 0

    def apply(self, event):
        self.paid += event.state.get("paid", 0)
"""
# Pages about the code name its files relative to these folders.
NAMED_FROM = [
    "",
    "esjournal",
    "esjournal/infrastructure/sqlalchemy",
    "esjournal/journal",
    "esjournal/infrastructure",
]
INSTALLING = re.compile(r"pip install|apt-get|python3 -m venv|pipx|uv tool")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the journals and files that the examples of the help texts use."""
    folder = tmp_path_factory.mktemp("exported")
    for name in ("esjournal.db", "old.db", "new.db"):
        initialise(str(folder / name))
    with open_journal(str(folder / "esjournal.db")) as journal:
        journal.events.append(RecordedEvent(SEQUENCE, 0, "accounts#Opened", ANN, "2026-01-01T00:00:00.000000Z"))
        journal.events.append(RecordedEvent(SEQUENCE, version, "accounts#Renamed", ANN) for version in range(1, 20))
        order = RecordedEvent(id_of_name("order-1001"), 0, "accounts#Opened", ANN, metadata='{"user":"ann"}')
        journal.events.append(order)
        journal.events.append(
            RecordedEvent(id_of_name("order-1001"), version, "accounts#Renamed", ANN, None, EFFECT)
            for version in range(1, 4)
        )
    classes = (
        "from esjournal.domain.model.events import DomainEvent",
        "class Opened(DomainEvent): pass",
        "class Renamed(DomainEvent): pass",
    )
    (folder / "accounts.py").write_text("\n".join(classes))
    (folder / "shop.py").write_text(SHOP)
    (folder / "orders.csv").write_text("order_no,status\n1002,Placed\n1002,Paid\n")
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
        with sink(str(folder / "from-excel.csv")) as stream:
            export_events(journal, stream, FileFormat.CSV, delimiter=";")
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The working folder of a shell."""
    return tmp_path / "work"


@pytest.fixture(scope="module")
def database_url(postgres_server: str) -> Iterator[str]:
    """A database with journals in two of its schemas."""
    with own_database(postgres_server) as url:
        for schema, events in (("park", 1), ("shop", 3)):
            journal_with(f"{url}{'&' if '?' in url else '?'}schema={schema}", sequence(events))
        yield url


@pytest.fixture
def shell(tmp_path: Path, work: Path, postgres_url: str, database_url: str) -> Iterator[Shell]:
    """A bash whose commands all print to one place; it fails the test at the first command that fails."""
    with open_shell(tmp_path / "home", work, postgres_url, database_url) as run:
        yield run


def copies() -> str:
    """Return the command after which a shell runs the program in copies of a process that has loaded it."""
    return f"PATH={shlex.quote(loaded_folder())}:$PATH; hash -r"


@pytest.mark.long
@pytest.mark.parametrize("page", pages_with("sh", "console"))
def test_the_shell_snippets_of_a_page_run_and_print_what_it_shows(page: str, shell: Shell) -> None:
    shell(copies())
    for block in blocks(page):
        for step in steps(block):
            if not INSTALLING.search(step.command):
                run_step(step, shell, page)


@pytest.mark.long
@pytest.mark.parametrize("page", pages_with("python"))
def test_the_python_snippets_of_a_page_run_as_one_program(page: str, tmp_path: Path, postgres_url: str) -> None:
    program = tmp_path / Path(page).name
    program.write_text(SERVERS.sub(lambda _: postgres_url, program_of(page)))
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


def test_the_index_of_decisions_has_each_of_them() -> None:
    index = re.findall(
        r"^\| (.*?) \|.*\((\w+\.md)\) \|$", (ROOT / "docs/decisions/README.md").read_text(), flags=re.MULTILINE
    )
    pages = sorted((ROOT / "docs/decisions").glob("[a-z]*.md"))
    titles = [
        (title, page.name) for page in pages for title in re.findall(r"^### (.*)", page.read_text(), flags=re.MULTILINE)
    ]
    assert sorted(index) == sorted(titles)


@pytest.mark.parametrize("page", [*DECISIONS, "docs/design.md", "docs/contributing.md", "docs/reliability.md"])
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    for name in re.findall(r"`((?:\w+/)+\w+\.py)`", (ROOT / page).read_text()):
        assert any((ROOT / folder / name).exists() for folder in NAMED_FROM), name


def test_the_files_in_the_drawing_of_the_rooms_are_there() -> None:
    files = {file.name for file in (ROOT / "esjournal").rglob("*.py")}
    drawing = (ROOT / "docs/design.md").read_text().partition("```text\n")[2].partition("```")[0]
    assert set(re.findall(r"\w+\.py", drawing)) <= files


def test_the_readme_sets_up_and_tests_with_one_line_each() -> None:
    text = (ROOT / "README.md").read_text()
    for heading in ("## Try it", "## Run the tests"):
        fenced = text.partition(f"{heading}\n")[2].partition("```sh\n")[2].partition("```")[0]
        assert fenced.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
        assert fenced.count("\n") == 1


@pytest.mark.long
@pytest.mark.parametrize("command", COMMAND_NAMES)
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
    first, *others = without_jq(found[1]).splitlines()
    # The first one is loaded as users load it.
    for example in (first, copies(), *others):
        shell(example.strip())


def test_jq_is_here() -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed, so the snippets that use it were left out; .ci/run installs it")
