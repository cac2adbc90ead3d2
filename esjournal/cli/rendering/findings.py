"""Findings and digests on the screen and in pipes."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from esjournal.cli.rendering.paint import paint_of_pipe
from esjournal.cli.terminal import on_one_line, screen, write
from esjournal.domain.choices import LinesFormat
from esjournal.domain.findings import Finding
from esjournal.domain.model.sequencenames import shown_id
from esjournal.domain.text import number

# How many of each kind a terminal shows: ten million encrypted states are ten million findings.
SHOWN_OF_A_KIND = 100
KIND_WIDTH = len("missing-position")

# Written with the first item, so that there is no output for a journal that cannot be opened.
_OPENING = '{\n"findings": ['


def findings_view(output_format: LinesFormat, schema: str | None = None) -> FindingsView:
    """Return the view that prints findings in a format.

    Args:
        output_format: the output format.
        schema: the schema of the journal, if those of several are verified; each line names it.
    """
    if output_format is LinesFormat.JSON:
        return _Document()
    if output_format is LinesFormat.NDJSON:
        return _Lines() if schema is None else _LinesOfSchema(schema)
    return _Screen(schema) if sys.stdout.isatty() else FindingsView(schema)


class FindingsView:
    """Prints findings as they come, then digests: here as text for a pipe, where nothing is cut or wrapped.

    Args:
        schema: the schema of the journal, which lines begin with, if those of several are verified.
    """

    def __init__(self, schema: str | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._paint = paint_of_pipe()
        self._prefix = "" if schema is None else f"{on_one_line(schema)}  "

    def show(self, finding: Finding) -> None:
        """Print a finding."""
        self.counts[finding.kind] += 1
        kind, place, detail = map(on_one_line, finding)
        paint = self._paint
        write(f"{self._prefix}{paint(f'{kind:<{KIND_WIDTH}}', 'yellow')}  {paint(place, 'cyan')}  {detail}\n")

    def show_totals(self, events: int, digest: str | None, shown_url: str) -> None:
        """Print the totals, after the last finding.

        Args:
            events: how many events were read.
            digest: the digest of all events, or None.
            shown_url: the journal's URL without the password.
        """
        if digest is not None:
            write(f"{digest}  {on_one_line(shown_url)}\n")

    def show_sequence(self, originator_id: str, digest: str) -> None:
        """Print the digest of a sequence."""
        write(f"{digest}  {self._prefix}{on_one_line(shown_id(originator_id))}\n")

    def show_failure(self, message: str) -> None:
        """Print why a journal could not be verified; stderr says it, too."""

    def end(self) -> None:
        """Print what comes after everything else."""


class _Lines(FindingsView):
    def show(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        write(_json(finding._asdict()) + "\n")

    def show_totals(self, events: int, digest: str | None, shown_url: str) -> None:
        if digest is not None:
            write(_json({"digest": digest}) + "\n")

    def show_sequence(self, originator_id: str, digest: str) -> None:
        write(_json({"originator_id": originator_id, "digest": digest}) + "\n")


class _LinesOfSchema(FindingsView):
    """Lines that name the schema, and end with the totals of its journal, also of a sound one."""

    def __init__(self, schema: str) -> None:
        super().__init__()
        self._schema = schema

    def show(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        self._write(finding._asdict())

    def show_totals(self, events: int, digest: str | None, shown_url: str) -> None:
        totals = {"events": events, "findings": self.counts.total()}
        self._write(totals if digest is None else {**totals, "digest": digest})

    def show_sequence(self, originator_id: str, digest: str) -> None:
        self._write({"originator_id": originator_id, "digest": digest})

    def show_failure(self, message: str) -> None:
        self._write({"error": message})

    def _write(self, members: dict[str, Any]) -> None:
        write(_json({"schema": self._schema, **members}) + "\n")


class _Document(FindingsView):
    """One object with a list of findings and the digests of sequences, which is never in memory as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self._sequences = 0

    def show(self, finding: Finding) -> None:
        write(f"{',' if self.counts else _OPENING}\n{_json(finding._asdict())}")
        self.counts[finding.kind] += 1

    def show_totals(self, events: int, digest: str | None, shown_url: str) -> None:
        write(
            f'{"" if self.counts else _OPENING}\n],\n"events": {events},\n"digest": {_json(digest)},\n"sequences": {{'
        )

    def show_sequence(self, originator_id: str, digest: str) -> None:
        write(f"{',' if self._sequences else ''}\n{_json(originator_id)}: {_json(digest)}")
        self._sequences += 1

    def end(self) -> None:
        write("\n}\n}\n")


class _Screen(FindingsView):
    def __init__(self, schema: str | None) -> None:
        super().__init__(schema)
        self._console = screen()

    def show(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        if self.counts[finding.kind] > SHOWN_OF_A_KIND:
            return
        from rich.table import Table
        from rich.text import Text

        kind, place, detail = map(on_one_line, finding)
        row = Table.grid(padding=(0, 2))
        row.add_column(width=KIND_WIDTH)
        row.add_column(overflow="fold")
        row.add_row(Text(kind, style="yellow"), Text.assemble(self._prefix, (place, "cyan"), "  ", detail))
        self._console.print(row)

    def show_totals(self, events: int, digest: str | None, shown_url: str) -> None:
        for kind, count in self.counts.items():
            if count > SHOWN_OF_A_KIND:
                write(
                    f"{kind:<{KIND_WIDTH}}  {number(count - SHOWN_OF_A_KIND)} more; a file or a pipe gets all of them\n"
                )
        super().show_totals(events, digest, shown_url)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
