"""Files in the working folder are data: no module there is loaded instead of one of esjournal or Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.helpers.events import event
from tests.helpers.program import COMMAND, run
from tests.helpers.stores import journal_with

pytestmark = pytest.mark.long

SCRIPT = [str(Path(sys.executable).with_name("esjournal"))]
PLANTED = (
    *("msgspec", "sqlalchemy", "psycopg", "typer", "click", "rich", "zstandard", "pyarrow", "cryptography"),
    # Modules that libraries look for, and that need not be installed.
    *("psycopg_c", "psycopg_binary", "psycopg2", "cffi", "numpy", "pandas", "orjson", "tzdata", "greenlet", "colorama"),
    *("json", "sqlite3", "hashlib", "decimal", "uuid", "logging", "csv", "gzip", "shutil", "statistics", "calendar"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with events of an application, and with files named like modules that esjournal imports."""
    for name in PLANTED:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r} + ' ')\n")
    (tmp_path / "accounts.py").write_text(
        "from esjournal.domain.model.events import DomainEvent\n"
        "import shared_of_accounts\n"
        "class Opened(DomainEvent): pass\n"
    )
    (tmp_path / "shared_of_accounts.py").write_text("")
    package = tmp_path / "shop" / "orders"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from esjournal.domain.model.events import DomainEvent\n")
    (package / "events.py").write_text("from shop.orders import DomainEvent\nclass Placed(DomainEvent): pass\n")
    return tmp_path


@pytest.mark.parametrize("command", [COMMAND, SCRIPT], ids=["python -m", "script"])
def test_modules_that_are_named_are_found_and_no_other_runs(folder: Path, store_url: str, command: list[str]) -> None:
    journal_with(store_url, [event(0, event_type="accounts#Opened"), event(1, event_type="shop.orders.events#Placed")])
    for arguments in (
        ["verify", "--events", "accounts:shop.orders.events", "--digest"],
        ["export", "-o", "out.ndjson.zst"],
        ["import", "out.ndjson.zst"],
        ["stats"],
        ["log", "-F", "csv"],
    ):
        ended = run(*arguments, url=store_url, program=command, cwd=folder)
        assert ended.returncode == 0, ended.stderr
    assert not (folder / "ran").exists(), (folder / "ran").read_text()


def test_a_module_of_the_folder_goes_before_an_installed_one_of_its_name(folder: Path, sqlite_url: str) -> None:
    """A module that esjournal itself does not need, such as pytest."""
    (folder / "pytest.py").write_text((folder / "accounts.py").read_text())
    journal_with(sqlite_url, [event(0, event_type="pytest#Opened")])
    assert run("verify", "--events", "pytest", url=sqlite_url, program=COMMAND, cwd=folder).returncode == 0


@pytest.mark.parametrize("name", ["psycopg", "sqlalchemy", "csv"])
def test_a_named_module_does_not_replace_one_that_esjournal_needs(folder: Path, postgres_url: str, name: str) -> None:
    journal_with(postgres_url, [event(0)])
    ended = run("verify", "--events", name, url=postgres_url, program=COMMAND, cwd=folder)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"{name}.py has the name of a module that esjournal needs; rename it" in ended.stderr
    assert not (folder / "ran").exists()


def test_the_same_module_may_be_named_twice(folder: Path, sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(0, event_type="accounts#Opened")])
    assert run("verify", "--events", "accounts:accounts", url=sqlite_url, program=COMMAND, cwd=folder).returncode == 0
