"""Draws the README's picture from a real run: `python docs/screens/generate.py`."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from esjournal.cli.rendering.events import event_tables
from esjournal.interchange.ndjson import read
from esjournal.interchange.streams import source
from esjournal.journal.importing import import_events
from esjournal.journal.opening import initialise, open_journal
from esjournal.journal.reading import read_sequence

FOLDER = Path(__file__).parent
SAMPLE = FOLDER.parent / "examples" / "flights-sample.ndjson"
SEQUENCE = "14cd557d-0ac4-5f4b-8eb4-cfa76cd1634f"
WIDTH = 100


def svg() -> str:
    """Return the picture of `esjournal get` on the sample."""
    with tempfile.TemporaryDirectory() as folder:
        url = str(Path(folder) / "flights.db")
        initialise(url)
        with open_journal(url) as journal, source(str(SAMPLE)) as sample:
            import_events(journal, read(sample))
            events = list(read_sequence(journal, SEQUENCE))
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, markup=False, highlight=False, emoji=False
    )
    console.print(f"$ esjournal get {SEQUENCE}\n", style="bold")
    for table in event_tables(events, console):
        console.print(table)
    picture = console.export_svg(title="esjournal", theme=MONOKAI, unique_id="esjournal")
    # The picture shows with any monospaced font, and loads none from elsewhere.
    return "\n".join(line.rstrip() for line in re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.S).splitlines())


if __name__ == "__main__":
    (FOLDER / "get.svg").write_text(svg() + "\n")
