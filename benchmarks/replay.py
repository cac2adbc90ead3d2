"""How many events a second `esjournal replay` folds through a function that adds a number, and in how much memory.

usage: python benchmarks/replay.py [--events N] [--rounds N]

Makes a journal of generated events in SQLite, ten to a sequence. Two processes work: one reads, one runs the function.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from generated import write_events
from measuring import esjournal, run

EVENTS, ROUNDS = 1_000_000, 3
CODE = """
def add(state, event):
    state["quantity"] = state.get("quantity", 0) + event.state.get("quantity", 0)
"""
COMMANDS = (["--global"], ["-o", "states.ndjson"], ["--expect", "state['quantity'] >= 0", "--quiet"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "added.py").write_text(CODE)
        journal = place / "journal.db"
        file = write_events(place / "events.ndjson", given.events)
        for arguments in (["init"], ["import", file]):
            subprocess.run(esjournal(journal, *arguments), check=True, stderr=subprocess.DEVNULL)
        print("| command | s | events/s | processor, s | peak, MB |\n|---|---|---|---|---|")
        for options in COMMANDS:
            inside = f"import os, sys; os.chdir({folder!r}); os.execv(sys.executable, sys.argv[1:])"
            command = [sys.executable, "-c", inside, *esjournal(journal, "replay", "--with", "added:add", *options)]
            runs = [run(command) for _ in range(given.rounds)]
            seconds = statistics.median(one.seconds for one in runs)
            processor = statistics.median(one.processor for one in runs)
            print(
                f"| replay {options[0]} | {seconds:.1f} | {given.events / seconds:,.0f} | {processor:.1f} | "
                f"{max(one.peak for one in runs) / 1e6:.0f} |",
                flush=True,
            )
        print(f"\nload of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
