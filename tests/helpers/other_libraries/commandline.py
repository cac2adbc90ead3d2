"""Runs esjournal's command line on the tables of other libraries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import Result

from tests.helpers.other_libraries.urls import is_sqlite
from tests.helpers.program import invoke


class CommandLine:
    """A store of another library, and the options with which esjournal opens it.

    Args:
        url: the store's URL.
        layout: the layout of its table.
        table: the table, if it does not have its usual name.
    """

    def __init__(self, url: str, layout: str, table: str | None = None) -> None:
        self.url = url
        self.options = ["--layout", layout, *(["--table", table] if table else [])]

    def run(self, *arguments: str, **options: Any) -> Result:
        """Run a command, whatever its exit code."""
        return invoke(*arguments, *self.options, url=self.url, **options)

    def text(self, *arguments: str, **options: Any) -> str:
        """Return the output of a command that succeeds."""
        result = self.run(*arguments, **options)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the events that a command prints."""
        return [json.loads(line) for line in self.text(*arguments, "-F", "ndjson").splitlines()]

    def refused(self, exit_code: int, *arguments: str, **options: Any) -> str:
        """Return the one line with which a command refuses."""
        result = self.run(*arguments, **options)
        assert (result.exit_code, result.stdout) == (exit_code, ""), result.output
        lines = result.stderr.splitlines()
        assert len(lines) == 1 or exit_code == 2, result.stderr
        return result.stderr

    def check_that_reading_writes_nothing(self, originator_id: str) -> None:
        """Run every command that reads, and check that a SQLite file and the files beside it keep every byte."""
        if not is_sqlite(self.url):
            return
        path = Path(self.url.removeprefix("sqlite:///"))
        before, there = path.read_bytes(), sorted(path.parent.iterdir())
        for command in (["export"], ["get", originator_id], ["log"], ["info"], ["list"], ["stats"], ["verify"]):
            self.text(*command)
        assert path.read_bytes() == before
        assert sorted(path.parent.iterdir()) == there
