"""What esjournal says of the tables of other libraries, asked through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import Result

from tests.helpers.other_libraries.urls import is_sqlite
from tests.helpers.program import invoke


class Asked:
    """A store that esjournal is asked about.

    Args:
        url: the store's.
        layout: whose tables these are.
        table: the table, where its name is another one.
    """

    def __init__(self, url: str, layout: str, table: str | None = None) -> None:
        self.url = url
        self.options = ["--layout", layout, *(["--table", table] if table else [])]

    def run(self, *arguments: str, **options: Any) -> Result:
        """Run a command, however it ends."""
        return invoke(*arguments, *self.options, url=self.url, **options)

    def text(self, *arguments: str, **options: Any) -> str:
        """Return what a command prints that ends well."""
        result = self.run(*arguments, **options)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the events that a command prints."""
        return [json.loads(line) for line in self.text(*arguments, "-F", "ndjson").splitlines()]

    def refused(self, exit_code: int, *arguments: str, **options: Any) -> str:
        """Return the one line with which a command is refused."""
        result = self.run(*arguments, **options)
        assert (result.exit_code, result.stdout) == (exit_code, ""), result.output
        lines = result.stderr.splitlines()
        assert len(lines) == 1 or exit_code == 2, result.stderr
        return result.stderr

    def check_that_reading_writes_nothing(self, originator_id: str) -> None:
        """Run every command that reads, and find a file of SQLite and what is beside it as they were, byte for byte."""
        if not is_sqlite(self.url):
            return
        path = Path(self.url.removeprefix("sqlite:///"))
        before, there = path.read_bytes(), sorted(path.parent.iterdir())
        for command in (["export"], ["get", originator_id], ["log"], ["info"], ["list"], ["stats"], ["verify"]):
            self.text(*command)
        assert path.read_bytes() == before
        assert sorted(path.parent.iterdir()) == there
