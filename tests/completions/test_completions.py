"""The completion scripts are up to date with the generator, and complete in real shells."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pty
import re
import shlex
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from esjournal.cli.running.completion import FOLDER, SCRIPTS
from esjournal.domain.choices import Shell
from tests.helpers.events import ID
from tests.helpers.program import COMMAND_NAMES, environment, invoke

pytestmark = pytest.mark.long

GENERATOR = Path(__file__).parents[2] / "completions" / "generate.py"
# Where esjournal is, as users have it; and no program at all, which is enough for what the scripts hold.
INSTALLED = str(Path(sys.executable).parent)
NOWHERE = ""

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


def run(*command: str, folder: Path, path: str) -> str:
    env = environment(PATH=f"{path}:{os.environ['PATH']}")
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=30, env=env)
    return ended.stdout


def complete_in_bash(line: str, folder: Path, path: str) -> set[str]:
    # As bash calls it: what it replaces begins after the last space, =, : or @.
    current = re.split("[ =:@]", line)[-1].lstrip("'")
    script = (
        f"source {FOLDER}/esjournal.bash; PATH={path}; COMP_LINE={shlex.quote(line)}; COMP_POINT={len(line)}; "
        f'_esjournal esjournal {shlex.quote(current)}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    before = line[: len(line) - len(current)].rpartition(" ")[2]
    found = run(shell("bash"), "--norc", "-c", script, folder=folder, path=path).splitlines()
    # The others say what all of the word becomes.
    return {f"{before.rpartition('=')[2].lstrip(chr(39))}{offer}" for offer in found if offer}


def complete_in_zsh(line: str, folder: Path, path: str) -> set[str]:
    setup = folder / ".setup.zsh"
    setup.write_text(ZSH_SETUP.replace("FOLDER", str(FOLDER)))
    output = run(shell("zsh"), "-f", "-c", ZSH_CAPTURE, "capture", str(setup), line, folder=folder, path=path)
    listed = [
        offer for found in re.findall(r"\x1b\[J([^\x1b]*)\x1b\[\d*A", output) for offer in re.split(r"  +|\s*\n", found)
    ]
    return {offer.replace("\\", "") for offer in listed if offer.strip()}


def complete_in_fish(line: str, folder: Path, path: str) -> set[str]:
    script = f"source {FOLDER}/esjournal.fish; complete -C {shlex.quote(line)}"
    output = run(shell("fish"), "--no-config", "-c", script, folder=folder, path=path)
    offers = {offer.partition("\t")[0] for offer in output.splitlines()}
    return {
        offer.rpartition("=")[2] if offer.startswith("--") and "=" in line.split()[-1] else offer for offer in offers
    }


FUNCTIONS = {"bash": complete_in_bash, "zsh": complete_in_zsh, "fish": complete_in_fish}


@pytest.fixture(params=FUNCTIONS)
def complete(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], set[str]]:
    """Return what a shell suggests for the last word of a line, in a folder with one file, without any program."""
    (tmp_path / "events.ndjson").touch()
    return lambda line: FUNCTIONS[request.param](line, tmp_path, NOWHERE)


@pytest.fixture(params=FUNCTIONS)
def complete_values(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], set[str]]:
    """Return what a shell suggests for the last word of a line, in a folder with a journal."""
    make_journal(tmp_path)
    return lambda line: FUNCTIONS[request.param](line, tmp_path, INSTALLED)


def make_journal(folder: Path) -> None:
    url = str(folder / "esjournal.db")
    invoke("init", url=url)
    for name in ("order-1001", "order-1002", "a b"):
        invoke("append", name, "0", "orders#Placed", "{}", url=url)
    invoke("append", ID, "0", "shop:Opened", "{}", url=url)
    invoke("append", ID, "1", "orders#Paid", "{}", url=url)


@pytest.fixture
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_completions", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("shell", Shell)
def test_the_scripts_are_what_the_generator_makes(shell: Shell, generator: ModuleType) -> None:
    assert (FOLDER / SCRIPTS[shell]).read_text() == generator.GENERATORS[shell](), "run: python completions/generate.py"


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


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("help hi", {"history"}),
        ("completion ", {"bash", "zsh", "fish"}),
        ("list --sort f", {"first"}),
        ("log --format=nd", {"ndjson"}),
    ],
)
def test_words_that_the_scripts_hold_are_completed(
    line: str, found: set[str], complete: Callable[[str], set[str]]
) -> None:
    assert complete(f"esjournal {line}") == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("get ord", {"order-1001", "order-1002"}),
        ("history order-1002", {"order-1002"}),
        (f"get {ID[:4]}", {ID}),
        (f"log --id {ID[:4]}", {ID}),
        ("log --name=ord", {"order-1001", "order-1002"}),
        ("log --type ", {"orders#Placed", "orders#Paid", "shop:Opened"}),
        ("log --type orders#Pa", {"orders#Paid"}),
        ("log --type=shop", {"shop:Opened"}),
        ("log --type shop:Op", {"shop:Opened"}),
        ("log -n 5 --type 'orders#Pl", {"orders#Placed"}),
        ("append order-1001 next sh", {"shop:Opened"}),
        ("append --cause 1 order-1001 next sh", {"shop:Opened"}),
        ("append order-1001 sh", set()),
        ("--url esjournal.db get ord", {"order-1001", "order-1002"}),
        ("--url sqlite:///esjournal.db get ord", {"order-1001", "order-1002"}),
        ("get --url=sqlite:///esjournal.db ord", {"order-1001", "order-1002"}),
        ("--url nowhere.db get ord", set()),
        ("copy --type ord", set()),
        ("import --only-type ord", set()),
    ],
)
def test_values_come_from_the_journal(line: str, found: set[str], complete_values: Callable[[str], set[str]]) -> None:
    assert complete_values(f"esjournal {line}") == found


def test_a_shell_without_esjournal_completes_no_values_and_says_nothing(complete: Callable[[str], set[str]]) -> None:
    assert complete("/nowhere/esjournal get ord") == set()


BASH_SETUP = r"""
PS1='$ '
source FOLDER/esjournal.bash
bind 'set enable-bracketed-paste off'
written() { echo; echo "<<$READLINE_LINE>>"; exit; }
bind -x '"\C-x": written'
echo ready
"""


def written_by_bash(line: str, folder: Path) -> str:
    """Return what a line becomes on a terminal, when Tab is pressed in bash."""
    setup = folder / "setup.bash"
    setup.write_text(BASH_SETUP.replace("FOLDER", str(FOLDER)))
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
    env = environment(PATH=f"{INSTALLED}:{os.environ['PATH']}", TERM="dumb", INPUTRC=os.devnull, LC_ALL="C.UTF-8")
    command = [shell("bash"), "--noprofile", "--rcfile", str(setup), "-i"]
    output = b""
    with subprocess.Popen(command, stdin=secondary, stdout=secondary, stderr=secondary, cwd=folder, env=env) as bash:
        os.close(secondary)
        try:
            while b"ready" not in output:
                output += os.read(primary, 65_536)
            os.write(primary, line.encode() + b"\t\x18")
            while b">>" not in output:
                output += os.read(primary, 65_536)
        finally:
            bash.kill()
            os.close(primary)
    found = re.search(r"<<(.*)>>", output.decode())
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("get ord", "get order-100"),
        ("get a", r"get a\ b "),
        (r"get a\ ", r"get a\ b "),
        ("get 'a", "get 'a b' "),
        ("log --type=shop:O", "log --type=shop:Opened "),
        ("log --type shop:", "log --type shop:Opened "),
        ("--url sqlite:///esjournal.db log --type orders#Pl", "--url sqlite:///esjournal.db log --type orders#Placed "),
        ("get --format=nd", "get --format=ndjson "),
        ("get --url=es", "get --url=esjournal.db "),
    ],
)
def test_bash_writes_the_rest_of_a_word(line: str, written: str, tmp_path: Path) -> None:
    make_journal(tmp_path)
    assert written_by_bash(f"esjournal {line}", tmp_path) == f"esjournal {written}"


@pytest.mark.parametrize("start", ["", "'", '"'])
@pytest.mark.parametrize(
    "name", ["x$(touch planted)", "x`touch planted`", "x;touch planted", "x'; touch planted; '", "x*"]
)
def test_a_name_that_a_shell_would_run_stays_a_name(name: str, start: str, tmp_path: Path) -> None:
    url = str(tmp_path / "esjournal.db")
    invoke("init", url=url)
    assert invoke("append", name, "0", "a#B", "{}", url=url).exit_code == 0
    (tmp_path / "xfile").touch()
    written = written_by_bash(f"esjournal get {start}x", tmp_path)
    assert not (tmp_path / "planted").exists()
    if written == f"esjournal get {start}x":
        return
    argument = run(
        shell("bash"),
        "--norc",
        "-c",
        f"printf '%s\n' {written.removeprefix('esjournal get ')}",
        folder=tmp_path,
        path="",
    )
    assert argument == f"{name}\n"
    assert not (tmp_path / "planted").exists()


def test_options_come_with_their_help_where_the_shell_shows_it(tmp_path: Path) -> None:
    script = f"source {FOLDER}/esjournal.fish; complete -C 'esjournal get --rev'"
    offered = run(shell("fish"), "--no-config", "-c", script, folder=tmp_path, path="")
    assert offered == "--reverse\tPrint the latest events first\n"
