"""The generated pages and the generated picture are up to date."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tests.helpers.loaded import loaded_command

DOCS = Path(__file__).parents[2] / "docs"


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>(.*?)</text>", svg)


def test_the_command_reference_is_what_the_commands_say() -> None:
    generator = runpy.run_path(str(DOCS / "commands.py"))
    assert (DOCS / "commands.md").read_text() == generator["reference"](loaded_command()), (
        "run: python docs/commands.py"
    )


@pytest.mark.parametrize("name", sorted(path.stem for path in (DOCS / "screens").glob("*.svg")))
def test_a_picture_shows_what_the_program_prints(name: str) -> None:
    generator = runpy.run_path(str(DOCS / "screens" / "generate.py"))
    drawn = generator["svg"](generator["SCREENS"][name], loaded_command())
    # Only its texts, because other versions of Rich draw the same picture with other coordinates.
    assert texts((DOCS / "screens" / f"{name}.svg").read_text()) == texts(drawn), "run: python docs/screens/generate.py"


def test_the_command_reference_names_every_command() -> None:
    reference = (DOCS / "commands.md").read_text()
    listed = re.search(r"Commands:\n((?:  \w+ .*\n)+)", reference)
    assert listed is not None
    for line in listed[1].splitlines():
        assert f"## esjournal {line.split()[0]}\n" in reference
