"""What the programs on the pages do when something fails, because readers copy them as they are."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from uuid import uuid4

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.journal.journal import initialise, open_journal
from tests.helpers.loaded import loaded_folder
from tests.helpers.pages import ROOT, blocks
from tests.helpers.program import invoke

pytestmark = pytest.mark.long

ORDER = "f3b1a1de-5e6c-4a8f-9d0c-2f4c3c1b7a55"
MISSING = "7d0c9c9f-7c1e-4f0e-9d55-0c8f5f2f7a10"


def block_with(page: str, text: str) -> str:
    """Return the only shell block of a page that contains a text."""
    [found] = [block.text for block in blocks(page) if block.language == "sh" and text in block.text]
    return found


def path_of_programs() -> str:
    return os.pathsep.join([loaded_folder(), str(Path(sys.executable).parent), os.environ["PATH"]])


def run(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a reader who copied it would: without -e and pipefail."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ESJOURNAL_", "PG"))}
    environment |= {"PATH": path_of_programs(), **variables}
    return subprocess.run(
        ["bash", "--norc", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


def types(url: str, originator_id: str) -> list[str]:
    lines = invoke("get", originator_id, "-F", "ndjson", url=url).stdout.splitlines()
    return [json.loads(line)["event_type"] for line in lines]


@pytest.fixture
def orders(tmp_path: Path) -> str:
    """The path of a journal with one order."""
    path = str(tmp_path / "orders.db")
    initialise(path)
    with open_journal(path) as journal:
        journal.events.append(RecordedEvent(ORDER, 0, "orders#Placed", '{"note":"orders#Cancelled, 1"}'))
    return path


def cancelling(order: str, after: str = "") -> str:
    function = block_with("docs/guide.md", "cancel() {").replace("cancel order-1001\n", after)
    return f"{function}\ncancel {order}"


def test_an_order_is_cancelled_once(orders: str, tmp_path: Path) -> None:
    for _ in range(2):
        result = run(cancelling(ORDER), tmp_path, ESJOURNAL_URL=orders)
        assert result.returncode == 0, result.stderr
    assert types(orders, ORDER) == ["orders#Placed", "orders#Cancelled"]


def test_an_order_that_is_not_there_is_not_cancelled(orders: str, tmp_path: Path) -> None:
    result = run(cancelling(MISSING), tmp_path, ESJOURNAL_URL=orders)
    assert (result.returncode, "is not in this journal" in result.stderr) == (1, True), result.stderr
    assert types(orders, MISSING) == []


def test_no_order_is_cancelled_if_there_is_no_journal(tmp_path: Path) -> None:
    result = run(cancelling(ORDER), tmp_path, ESJOURNAL_URL=str(tmp_path / "none.db"))
    assert result.returncode == 5, result.stderr
    assert not (tmp_path / "none.db").exists()


def test_cancelling_decides_again_after_a_conflict_and_gives_up_at_the_third(orders: str, tmp_path: Path) -> None:
    # As if another writer were always first: `get` returns what was there before its event.
    first = """
    esjournal() {
        if [ "$1" = get ]; then
            command esjournal "$@"
            command esjournal append "$2" next orders#Paid '{}' > other.txt
        else
            command esjournal "$@"
        fi
    }
    """
    result = run(cancelling(ORDER, first), tmp_path, ESJOURNAL_URL=orders)
    assert result.returncode == 4, result.stderr
    assert types(orders, ORDER) == ["orders#Placed", *["orders#Paid"] * 3]


# A consumer that does something for each event


HANDLING = """
    n=$(jq .state.n)
    if [ "$n" = 3 ] && [ ! -e failed ]; then touch failed; FAIL; fi
    echo "$n" >> handled.txt
"""


def mailer(failing: str) -> tuple[str, str]:
    """Return the page's program with another action, and the first line that runs it."""
    program, _, lines = block_with("docs/inspecting.md", "mailer").partition("<<'END'\n")[2].partition("END\n")
    handling = HANDLING.replace("FAIL", failing)
    changed = re.sub(r"^.*mail about.*\n", lambda _: handling, program, flags=re.MULTILINE)
    assert changed != program
    return changed, lines.splitlines()[0]


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """A folder with the journal that the page follows, with six events."""
    path = str(tmp_path / "live.db")
    initialise(path)
    with open_journal(path) as journal:
        journal.events.append(RecordedEvent(str(uuid4()), 0, "orders#Placed", f'{{"n":{n}}}') for n in range(1, 7))
    return tmp_path


def run_mailer(folder: Path, failing: str = "false") -> subprocess.CompletedProcess[str]:
    program, line = mailer(failing)
    (folder / "mailer").write_text(program)
    return run(line, folder)


def handled(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "handled.txt").read_text().splitlines()]


@pytest.mark.parametrize("failing", ["false", "exit 7", "kill -9 $$", "kill $$"])
def test_work_that_fails_once_at_the_third_event_is_done_again(live: Path, failing: str) -> None:
    result = run_mailer(live, failing)
    assert (result.returncode, result.stderr.count("trying again in 1 s")) == (0, 1), result.stderr
    assert handled(live) == [1, 2, 3, 4, 5, 6]
    invoke("append", "new", "0", "orders#Placed", '{"n":7}', url=str(live / "live.db"))
    assert run_mailer(live).returncode == 0
    assert handled(live) == [1, 2, 3, 4, 5, 6, 7]


def test_a_consumer_that_is_killed_at_the_third_event_misses_none(live: Path) -> None:
    result = run_mailer(live, "kill -9 $PPID; exit 7")
    assert result.returncode == -signal.SIGKILL
    assert handled(live) == [1, 2]
    while (result := run_mailer(live)).returncode == 2:
        # The command of the one that was killed still holds the lock.
        assert "is in use" in result.stderr
    assert (result.returncode, handled(live)) == (0, [1, 2, 3, 4, 5, 6])


def test_a_consumer_that_cannot_read_ends_the_program_with_its_exit_code(tmp_path: Path) -> None:
    result = run_mailer(tmp_path)
    assert (result.returncode, "nothing is at" in result.stderr) == (5, True)


# Pipelines


def test_what_an_export_does_not_finish_is_not_imported_after_changes(orders: str, tmp_path: Path) -> None:
    initialise(str(tmp_path / "changed.db"))
    script = block_with("docs/guide.md", "changed.db import").replace("esjournal --url changed.db init\n", "")
    for failing in ("esjournal", "jq"):
        # It fails after it has written some of the events.
        fails = f'{failing}() {{ if [ "$1" = --url ]; then command {failing} "$@"; else echo "{{}}"; false; fi; }}\n'
        result = run(fails + script, tmp_path, ESJOURNAL_URL=orders)
        assert result.returncode != 0
        assert invoke("export", url=str(tmp_path / "changed.db")).stdout == ""
    assert run(script, tmp_path, ESJOURNAL_URL=orders).returncode == 0
    assert '"shop":"north"' in invoke("export", url=str(tmp_path / "changed.db")).stdout


@pytest.mark.parametrize("digests", [('{"digest":null}', '{"digest":null}'), ('{"digest":"a"}', '{"digest":"b"}')])
def test_digests_that_are_not_there_or_differ_are_not_the_same(tmp_path: Path, digests: tuple[str, str]) -> None:
    script = block_with("docs/migrating.md", "verify -q --digest")
    ours = f"""esjournal() {{ case "$*" in *bank.db*) echo '{digests[0]}' ;; *) echo '{digests[1]}' ;; esac; }}\n"""
    assert run(ours + script, tmp_path).returncode != 0
    assert run("esjournal() { return 5; }\n" + script, tmp_path).returncode != 0
    assert run("""esjournal() { echo '{"digest":"a"}'; }\n""" + script, tmp_path).returncode == 0


# Recipes


def stock(folder: Path, amount: int) -> str:
    path = str(folder / "stock.db")
    initialise(path)
    with open_journal(path) as journal:
        journal.events.append(RecordedEvent(ORDER, 0, "stock#Delivered", f'{{"amount":{amount}}}'))
    return path


def taking(originator_id: str, amount: int) -> str:
    function = block_with("docs/recipes.md", "take() {").rpartition("take ")[0]
    return f"{function}\ntake {originator_id} {amount}"


def test_several_scripts_never_take_more_than_there_is(tmp_path: Path) -> None:
    path = stock(tmp_path, 5)
    environment = os.environ | {"PATH": path_of_programs(), "ESJOURNAL_URL": path}
    programs = [
        subprocess.Popen(
            ["bash", "--norc", "-c", taking(ORDER, 2)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(4)
    ]
    outputs = [program.communicate(timeout=120)[0] for program in programs]
    assert sorted(program.returncode for program in programs) == [0, 0, 1, 1], outputs
    assert types(path, ORDER) == ["stock#Delivered", "stock#Taken", "stock#Taken"]


def test_nothing_is_read_from_a_path_that_is_not_there(tmp_path: Path) -> None:
    path = stock(tmp_path, 5)
    assert run(taking(MISSING, 2), tmp_path, ESJOURNAL_URL=path).returncode == 1
    assert run(taking(ORDER, 6), tmp_path, ESJOURNAL_URL=path).returncode == 1
    assert run(taking(ORDER, 2), tmp_path, ESJOURNAL_URL=str(tmp_path / "none.db")).returncode == 5
    assert types(path, MISSING) == []
    assert types(path, ORDER) == ["stock#Delivered"]


def hourly() -> str:
    block = block_with("docs/recipes.md", "hourly.cursor")
    return block.partition("<<'END'\n")[2].partition("END\n")[0]


def test_hourly_exports_have_every_event_once_and_say_nothing(tmp_path: Path) -> None:
    path = stock(tmp_path, 5)
    for number in range(1, 5):
        result = run(hourly(), tmp_path, ESJOURNAL_URL=path)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        # The second and the fourth time, nothing is new.
        assert len(list((tmp_path / "exports").iterdir())) == (number + 1) // 2
        if number == 2:
            invoke("append", ORDER, "next", "stock#Taken", '{"amount":-1}', url=path)
    lines = [line for file in (tmp_path / "exports").iterdir() for line in file.read_text().splitlines()]
    assert len([line for line in lines if "seal" not in line]) == 2


def test_an_hourly_export_that_fails_says_why(tmp_path: Path) -> None:
    result = run(hourly(), tmp_path, ESJOURNAL_URL=str(tmp_path / "none.db"))
    assert (result.returncode, "nothing is at" in result.stderr) == (5, True)
    assert list((tmp_path / "exports").iterdir()) == []


def test_the_package_has_what_installing_it_as_a_command_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == "esjournal"
    assert project["scripts"] == {"esjournal": "esjournal.__main__:main"}
    assert {"parquet", "crypto"} <= project["optional-dependencies"].keys()
