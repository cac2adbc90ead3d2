"""The rooms of the package: every import goes down, none goes up, and each thing has its one place."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import esjournal

PACKAGE = Path(esjournal.__file__).parent
TESTS = Path(__file__).parent
# From the ground up.
FLOORS = ["advice", "exceptions", "filepaths", "domain", "infrastructure", "interchange", "journal", "cli"]
# The root is above all of them: it starts the program.
ROOT = {"__init__", "__main__"}
DATABASE_ROOM = PACKAGE / "infrastructure" / "sqlalchemy"
# Each database has its session; the options of the command line become those of an operation.
SHARED_NAMES = {"session", "options"}
DATABASES = {"sqlalchemy", "psycopg", "sqlite3"}
# What differs between databases is in these rooms; the other two files parse the schemes of URLs.
ROOMS_OF_DATABASES = [DATABASE_ROOM / "sqlite", DATABASE_ROOM / "postgresql"]
PARSERS_OF_SCHEMES = [DATABASE_ROOM / "urls.py", DATABASE_ROOM / "urlschemes.py"]


class Import(NamedTuple):
    file: Path
    module: str

    @property
    def room(self) -> str:
        """The room of the importing file."""
        return self.file.relative_to(PACKAGE).parts[0].removesuffix(".py")

    def __str__(self) -> str:
        return f"{self.file} imports {self.module}"


def imports_of(file: Path, source: str) -> Iterator[Import]:
    """Yield every import of a file, also those inside functions, and each name of `from package import name`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(file, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import"
            yield from (Import(file, f"{node.module}.{alias.name}") for alias in node.names)


@cache
def all_imports(folder: Path = PACKAGE) -> list[Import]:
    return [found for file in sorted(folder.rglob("*.py")) for found in imports_of(file, file.read_text())]


def target_room(module: str) -> str | None:
    """Return the room of a module: "" for the root, None outside the package."""
    package, _, rest = module.partition(".")
    if package != "esjournal":
        return None
    room = rest.partition(".")[0]
    return room if room in FLOORS else ""


def goes_up(found: Import) -> bool:
    target = target_room(found.module)
    if target is None or found.room in ROOT:
        return False
    if target == "":
        return not found.module.startswith("esjournal.__version__")
    return FLOORS.index(target) > FLOORS.index(found.room)


def leaves_its_room(found: Import) -> bool:
    return found.room == "interchange" and target_room(found.module) == "infrastructure"


def touches_a_database(found: Import) -> bool:
    return found.module.partition(".")[0] in DATABASES and not found.file.is_relative_to(DATABASE_ROOM)


def names_a_database(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(("sqlite", "postgres", "qmark"))
    )


def asks_which_database(node: ast.AST) -> bool:
    """Return whether this is a dialect's name, or a comparison with the name of a database or its parameter style.

    `with_variant(..., "sqlite")`, with which SQLAlchemy chooses a type, does not count.
    """
    if isinstance(node, ast.Attribute) and node.attr == "name":
        return ast.unparse(node.value).endswith("dialect")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith":
        return any(names_a_database(part) for argument in node.args for part in ast.walk(argument))
    if isinstance(node, ast.Compare):
        return any(names_a_database(part) for side in (node.left, *node.comparators) for part in ast.walk(side))
    return isinstance(node, ast.MatchValue) and names_a_database(node.value)


def questions_of(file: Path, source: str) -> Iterator[str]:
    """Return the places in a file that check which database it is; files that may do so have none."""
    if file in PARSERS_OF_SCHEMES or any(file.is_relative_to(room) for room in ROOMS_OF_DATABASES):
        return
    for node in ast.walk(ast.parse(source)):
        if asks_which_database(node):
            yield f"{file}: {ast.unparse(node)}"


def imports_tests(found: Import) -> bool:
    package, *names = found.module.split(".")
    return package == "tests" and "helpers" not in names[:1]


def test_every_file_is_in_a_room() -> None:
    rooms = {file.relative_to(PACKAGE).parts[0].removesuffix(".py") for file in PACKAGE.rglob("*.py")}
    assert rooms == {*FLOORS, *ROOT}


def test_no_import_goes_up() -> None:
    assert [str(found) for found in all_imports() if goes_up(found)] == []


def test_interchange_knows_nothing_of_the_infrastructure() -> None:
    assert [str(found) for found in all_imports() if leaves_its_room(found)] == []


def test_a_name_of_a_file_says_what_it_is_in_one_place_only() -> None:
    """On the command line, the files of commands, running and rendering are named after one command or one answer."""
    files = [file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py"]
    apart = [file for file in files if file.parent.parent != PACKAGE / "cli"]
    stems = Counter(file.stem for file in apart)
    assert {stem for stem, count in stems.items() if count > 1} == SHARED_NAMES


def test_only_one_room_knows_a_database() -> None:
    assert [str(found) for found in all_imports() if touches_a_database(found)] == []


def test_only_the_databases_rooms_ask_which_database_it_is() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    assert [question for file in files for question in questions_of(file, file.read_text())] == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('kind = A if session.engine.dialect.name == "sqlite" else B', 2),
        ("names = [dialect.name for dialect in all_of_them]", 1),
        ('busy = 2 if url.startswith("postgresql") else 1', 1),
        ('found = url.startswith(("x", "sqlite:"))', 1),
        ('found = scheme in {"postgres", "postgresql"}', 1),
        ('mark = "?" if dialect.paramstyle == "qmark" else "%s"', 1),
        ('match scheme:\n    case "sqlite":\n        pass', 1),
        ('kind = Uuid().with_variant(Text(), "sqlite")', 0),
        ('name = layout.name == "message-db"', 0),
    ],
)
def test_the_rule_finds_code_that_branches_on_the_database(source: str, count: int) -> None:
    assert len(list(questions_of(DATABASE_ROOM / "schema.py", source))) == count
    for room in ROOMS_OF_DATABASES:
        assert list(questions_of(room / "session.py", source)) == []


def test_what_tests_share_is_in_the_room_of_helpers() -> None:
    assert [str(found) for found in all_imports(TESTS) if imports_tests(found)] == []


@pytest.mark.parametrize(
    ("file", "source", "rule"),
    [
        ("domain/model/events.py", "from esjournal.infrastructure import cipher", goes_up),
        ("domain/model/events.py", "def f():\n    import esjournal.cli.app", goes_up),
        ("exceptions.py", "from esjournal import domain", goes_up),
        ("infrastructure/cipher.py", "from esjournal import DomainEvent", goes_up),
        ("infrastructure/cipher.py", "if x:\n    from esjournal.journal.read.pages import y", goes_up),
        ("journal/read/pages.py", "from esjournal.cli.app import app", goes_up),
        ("journal/read/pages.py", "import esjournal", goes_up),
        ("journal/read/pages.py", "from esjournal import __main__", goes_up),
        ("interchange/ndjson.py", "from esjournal.infrastructure.eventstore import EventStore", leaves_its_room),
        ("interchange/ndjson.py", "from esjournal.infrastructure.sequenceditem import RecordedEvent", leaves_its_room),
        ("interchange/ndjson.py", "import sqlite3", touches_a_database),
        ("cli/app.py", "from sqlalchemy.exc import DBAPIError", touches_a_database),
        ("infrastructure/eventstore.py", "def f():\n    import psycopg.errors", touches_a_database),
        ("cli/test_log.py", "from tests.cli.test_commands import ended", imports_tests),
        ("cli/test_log.py", "import tests.conftest", imports_tests),
        ("helpers/program.py", "from tests.cli import test_commands", imports_tests),
    ],
)
def test_the_rules_see_an_import_that_breaks_them(file: str, source: str, rule: Callable[[Import], bool]) -> None:
    assert any(map(rule, imports_of(PACKAGE / file, source)))
