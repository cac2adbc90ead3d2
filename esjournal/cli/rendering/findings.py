"""Findings and digests on the screen and in pipes."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

from esjournal.cli.rendering.explanations import explanation_of
from esjournal.cli.rendering.parts.cells import width_of
from esjournal.cli.rendering.parts.dimensions import GAP, INDENT
from esjournal.cli.rendering.parts.paint import paint_of_pipe
from esjournal.cli.rendering.parts.wrapping import folded
from esjournal.cli.terminal import on_one_line, screen, write
from esjournal.domain.choices import LinesFormat
from esjournal.domain.findings import Finding
from esjournal.domain.model.sequencenames import shown_id
from esjournal.domain.text import number

_KIND_STYLE, _PLACE_STYLE, _EXPLANATION_STYLE = "yellow", "cyan", "dim"
_WIDE_ENOUGH_FOR_COLUMNS = 60
# If a place leaves less room, the detail is below it.
_LEAST_ROOM = 16

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
    """Prints findings as they come, then digests: here as text for a pipe, neither cut nor wrapped.

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
        write(f"{self._prefix}{paint(f'{kind:<{KIND_WIDTH}}', _KIND_STYLE)}  {paint(place, _PLACE_STYLE)}  {detail}\n")

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
    """The first findings of each kind; below the first one is what its kind means, and what to do."""

    def __init__(self, schema: str | None) -> None:
        super().__init__(schema)
        self._width = screen().width
        # On a narrow terminal, all lines but the first begin at the left.
        self._indent = KIND_WIDTH + len(GAP) if self._width >= _WIDE_ENOUGH_FOR_COLUMNS else len(INDENT)

    def show(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        if self.counts[finding.kind] > SHOWN_OF_A_KIND:
            return
        kind, place, detail = map(on_one_line, finding)
        lines = self._line(kind, f"{self._prefix}{place}", detail)
        if self.counts[finding.kind] == 1:
            explained = folded(explanation_of(finding.kind, self._width), self._width - self._indent)
            lines += [self._below(line, _EXPLANATION_STYLE) for line in explained]
        self._write(lines)

    def show_totals(self, events: int, digest: str | None, shown_url: str) -> None:
        for kind, count in self.counts.items():
            if count > SHOWN_OF_A_KIND:
                more = f"{number(count - SHOWN_OF_A_KIND)} more; a file or a pipe gets all of them"
                self._write(self._line(kind, "", more))
        super().show_totals(events, digest, shown_url)

    def _line(self, kind: str, place: str, detail: str) -> list[str]:
        head = f"{self._paint(kind.ljust(KIND_WIDTH), _KIND_STYLE)}{GAP}"
        used, room = KIND_WIDTH + len(GAP), self._width - self._indent
        beside = self._width - used - width_of(place) - len(GAP)
        if beside >= _LEAST_ROOM:
            first, *others = folded(detail, room, first=beside)
            begin = f"{head}{self._paint(place, _PLACE_STYLE)}{GAP}" if place else head
            return [f"{begin}{first}", *map(self._below, others)]
        first, *others = folded(place, room, first=self._width - used)
        rest = [self._below(line, _PLACE_STYLE) for line in others]
        return [f"{head}{self._paint(first, _PLACE_STYLE)}", *rest, *map(self._below, folded(detail, room))]

    def _below(self, line: str, style: str = "") -> str:
        return f"{' ' * self._indent}{self._paint(line, style)}"

    def _write(self, lines: Iterable[str]) -> None:
        sys.stdout.write("".join(f"{line}\n" for line in lines))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
