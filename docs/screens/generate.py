"""Draws the pictures of the documentation from real runs on a terminal: `python docs/screens/generate.py`."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, MONOKAI, TerminalTheme
from rich.text import Text

FOLDER = Path(__file__).parent
SAMPLE = FOLDER.parent / "examples" / "flights-sample.ndjson"
HEIGHT = 24
PROGRAM = (sys.executable, "-X", "utf8", "-m", "esjournal")


class Screen(NamedTuple):
    """A command, and the terminal that it is run on."""

    arguments: tuple[str, ...]
    width: int
    theme: TerminalTheme = MONOKAI

    @property
    def prompt(self) -> str:
        """The line that a person would have typed."""
        quoted = (f"'{argument}'" if re.search("[ *{]", argument) else argument for argument in self.arguments)
        return f"$ esjournal {' '.join(quoted)}"


SCREENS = {
    "get": Screen(("get", "14cd557d-0ac4-5f4b-8eb4-cfa76cd1634f"), 100),
    "list": Screen(("list", "--sort", "events"), 80),
    "log": Screen(("log", "--where", "dep_delay > 60"), 80),
    "log-wide": Screen(("log", "-n", "4", "--type", "*#FlightC*"), 200, DEFAULT_TERMINAL_THEME),
    "log-full": Screen(("log", "-n", "2", "--full"), 80),
    "history": Screen(("history", "14cd", "--at-version", "1"), 80),
    "stats": Screen(("stats", "--by", "month"), 80),
    "diff": Screen(("diff", "--quiet", "before.ndjson", "after.ndjson"), 80),
    "verify": Screen(("--url", "broken.ndjson", "verify", "--quiet"), 80),
    "diff-wide": Screen(("diff", "--quiet", "--full", "before.ndjson", "after.ndjson"), 160),
}


def svg(screen: Screen, program: Sequence[str] = PROGRAM) -> str:
    """Return the picture of a command on the sample.

    Args:
        screen: the command and its terminal.
        program: what runs esjournal.
    """
    console = Console(
        record=True, width=screen.width, file=io.StringIO(), force_terminal=True, color_system="standard", _environ={}
    )
    console.print(Text(f"{screen.prompt}\n", style="bold"))
    console.print(Text.from_ansi(shown(screen, program)))
    picture = console.export_svg(title="esjournal", theme=screen.theme, unique_id="esjournal")
    # The picture shows with any monospaced font, and loads none from elsewhere.
    return "\n".join(line.rstrip() for line in re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.S).splitlines())


def shown(screen: Screen, program: Sequence[str]) -> str:
    """Return what a terminal gets, with its escape sequences."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, screen.width, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    environment = {**kept, "ESJOURNAL_URL": str(SAMPLE), "PAGER": "cat", "TERM": "xterm", "TZ": "UTC"}
    command = [*program, *screen.arguments]
    chunks = []
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command, stdin=secondary, stdout=secondary, stderr=secondary, env=environment, cwd=_with_files(Path(folder))
        ),
    ):
        os.close(secondary)
        try:
            while chunk := os.read(primary, 65_536):
                chunks.append(chunk)
        except OSError:
            # So Linux says that nobody writes to the terminal any more.
            pass
        os.close(primary)
    return b"".join(chunks).decode().replace("\r\n", "\n").rstrip("\n")


def _with_files(folder: Path) -> Path:
    """Write the sample before and after an event was changed, one was lost, and one came, and a broken one.

    Returns:
        The folder.
    """
    lines = SAMPLE.read_text().splitlines(keepends=True)
    (folder / "before.ndjson").write_text("".join(lines))
    changed = lines[1].replace('"dep_delay":2', '"dep_delay":3').replace('"destination":"IAH"', '"destination":"SFO"')
    new = lines[0].replace("2766e945", "aaaaaaaa")
    (folder / "after.ndjson").write_text("".join([lines[0], changed, *lines[2:-1], new]))
    broken = [*lines[:3], lines[0].replace('"originator_version":0', '"originator_version":7'), "oops\n"]
    (folder / "broken.ndjson").write_text("".join(broken))
    return folder


if __name__ == "__main__":
    for name, screen in SCREENS.items():
        (FOLDER / f"{name}.svg").write_text(svg(screen) + "\n")
