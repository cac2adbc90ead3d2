"""What one command costs as a process, compared with the libraries it is built on, in one run.

usage: python benchmarks/startup.py [ROUNDS]

An append is compared with the bare imports of Typer and of SQLAlchemy, each in its own process and both in one process.
`--help` is compared with the help of a bare Typer program that has as many commands. Each round runs all commands in
turn, so that a machine that slows down affects all of them. The results are medians.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE_PROGRAM = """
import typer
app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
def command(name: str, count: int = 1) -> None:
    'Do something.'
for name in "init append get list log history trace stats verify diff info export import copy".split():
    app.command(name)(command)
app()
"""
SEQUENCE = "9b300b13-4410-51bf-85ca-234c8cea73da"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE_PROGRAM)
        journal = str(Path(folder) / "events.db")
        esjournal = [sys.executable, "-m", "esjournal"]
        subprocess.run([*esjournal, "--url", journal, "init"], check=True, stderr=subprocess.DEVNULL)
        commands = {
            "append": [*esjournal, "--url", journal, "append", SEQUENCE, "next", "a.b#C", '{"foo":"bar"}'],
            "import typer": [sys.executable, "-c", "import typer"],
            "import sqlalchemy": [sys.executable, "-c", "import sqlalchemy"],
            "import typer, sqlalchemy": [sys.executable, "-c", "import typer, sqlalchemy"],
            "--help": [*esjournal, "--help"],
            "bare Typer program --help": [sys.executable, str(bare), "--help"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds + 1):
            for name, command in commands.items():
                started = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values[1:]) * 1000 for name, values in seconds.items()}
    print(f"medians of {rounds} rounds after a warm-up\n\n| process | ms |\n|---|---|")
    for name, median in medians.items():
        print(f"| {name} | {median:.0f} |")
    both = medians["import typer"] + medians["import sqlalchemy"]
    print(f"\nappend / (import typer + import sqlalchemy): {medians['append'] / both:.2f} (target: at most 1.15)")
    print(f"append / import of both in one process: {medians['append'] / medians['import typer, sqlalchemy']:.2f}")
    ratio = medians["--help"] / medians["bare Typer program --help"]
    print(f"--help / bare Typer program's: {ratio:.2f} (target: at most 1.3)")


if __name__ == "__main__":
    main()
