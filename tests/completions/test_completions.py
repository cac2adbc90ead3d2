"""The completion scripts are up to date with the generator, and complete in real shells."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.helpers.program import COMMAND_NAMES

pytestmark = pytest.mark.long

FOLDER = Path(__file__).parents[2] / "completions"

# On its own terminal zsh lists its suggestions, and ends.
ZSH_SETUP = r"""
PROMPT=
fpath=(FOLDER $fpath)
autoload -Uz compinit
compinit -u -D
zstyle ':completion:*' verbose no
show() { zle list-choices; zle -R; print; print '<<done>>'; exit }
zle -N show
bindkey '^I' show
print '<<ready>>'
"""
ZSH_CAPTURE = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "source $1"
zpty -r -m z output '*<<ready>>*'
zpty -w -n z "$2"$'\t'
zpty -r -m z output '*<<done>>*'
print -r -- $output
"""


def shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        if name == "bash":
            pytest.fail("bash is not installed")
        pytest.skip(f"{name} is not installed; .ci/run installs it")
    return found


def run(*command: str, folder: Path) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=30).stdout


def complete_in_bash(line: str, folder: Path) -> set[str]:
    # As bash splits it: = is a word of its own, and so is the empty text after a space at the end.
    words = line.replace("=", " = ").split(" ")
    script = (
        f"source {FOLDER}/esjournal.bash; PATH=; COMP_WORDS=({' '.join(words[:-1])} '{words[-1]}'); "
        f'COMP_CWORD={len(words) - 1}; _esjournal; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    return set(run(shell("bash"), "--norc", "-c", script, folder=folder).split())


def complete_in_zsh(line: str, folder: Path) -> set[str]:
    setup = folder / ".setup.zsh"
    setup.write_text(ZSH_SETUP.replace("FOLDER", str(FOLDER)))
    output = run(shell("zsh"), "-f", "-c", ZSH_CAPTURE, "capture", str(setup), line, folder=folder)
    return {offer for listed in re.findall(r"\x1b\[J([^\x1b]*)\x1b\[\d*A", output) for offer in listed.split()}


def complete_in_fish(line: str, folder: Path) -> set[str]:
    script = f"source {FOLDER}/esjournal.fish; complete -C '{line}'"
    output = run(shell("fish"), "--no-config", "-c", script, folder=folder)
    return {offer.partition("\t")[0] for offer in output.splitlines()}


@pytest.fixture(params=["bash", "zsh", "fish"])
def complete(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], set[str]]:
    """Return what a shell suggests for the last word of a line, in a folder with one file."""
    (tmp_path / "events.ndjson").touch()
    functions = {"bash": complete_in_bash, "zsh": complete_in_zsh, "fish": complete_in_fish}
    return lambda line: functions[request.param](line, tmp_path)


@pytest.fixture
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_completions", FOLDER / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["esjournal.bash", "_esjournal", "esjournal.fish"])
def test_the_scripts_are_what_the_generator_makes(name: str, generator: ModuleType) -> None:
    assert (FOLDER / name).read_text() == generator.SCRIPTS[name](), "run: python completions/generate.py"


def test_commands_are_completed(complete: Callable[[str], set[str]]) -> None:
    assert complete("esjournal ") == set(COMMAND_NAMES)
    assert complete("esjournal e") == {"each", "export"}


def test_commands_are_completed_after_the_programs_url(complete: Callable[[str], set[str]]) -> None:
    assert complete("esjournal --url get i") == {"init", "import", "info"}
    assert complete("esjournal --url=get.db i") == {"init", "import", "info"}


def test_options_are_those_of_the_command(complete: Callable[[str], set[str]]) -> None:
    assert complete("esjournal get --l") == {"--layout", "--limit", "--lt", "--lte"}
    assert complete("esjournal get --layout e") == {"eventsourcing", "eventsourcing-4"}
    assert complete("esjournal --url events.db export --csv") == {"--csv-safe"}
    assert complete("esjournal --v") == {"--version"}


@pytest.mark.parametrize("option", ["--format", "-F"])
def test_formats_are_those_of_the_command(complete: Callable[[str], set[str]], option: str) -> None:
    assert complete(f"esjournal get {option} ") == {"table", "json", "ndjson", "csv"}
    assert complete(f"esjournal --url events.db export {option} ") == {"ndjson", "csv", "parquet"}


@pytest.mark.parametrize("line", ["import ev", "copy ev", "copy old.db ev", "export -o ev", "--url ev", "get --url ev"])
def test_files_are_completed_where_a_file_is_meant(complete: Callable[[str], set[str]], line: str) -> None:
    assert "events.ndjson" in complete(f"esjournal {line}")


@pytest.mark.parametrize("line", ["get ev", "get --gt ev", "append ev"])
def test_no_files_are_offered_where_none_is_meant(complete: Callable[[str], set[str]], line: str) -> None:
    assert "events.ndjson" not in complete(f"esjournal {line}")


def test_options_come_with_their_help_where_the_shell_shows_it(tmp_path: Path) -> None:
    script = f"source {FOLDER}/esjournal.fish; complete -C 'esjournal get --rev'"
    assert (
        run(shell("fish"), "--no-config", "-c", script, folder=tmp_path) == "--reverse\tPrint the latest events first\n"
    )
