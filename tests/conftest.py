"""The databases that tests run on: SQLite in memory, a SQLite file, a real PostgreSQL, and Citus if there is one."""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from tests.helpers.concurrency.server import OwnServer
from tests.helpers.pooling import PGBOUNCER, pooled
from tests.helpers.postgresql import ServerOfWorkers, own_database, shared_server
from tests.helpers.ramdisk import ram_disk
from tests.helpers.standby import Standby

# A shell that runs the tests in the background ignores SIGINT, and every process started here would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Users run modules that are compiled once; with this variable set, every process would compile all of them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Normal runs always try the same inputs, however busy the machine is; `python -m fuzz` looks for new ones.
settings.register_profile(
    "everyday",
    derandomize=True,
    deadline=None,
    # A test with many inputs brings what its fixtures made into the same state for each of them.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    database=None,
    max_examples=40,
)
settings.load_profile("everyday")

# Commands that only show what the journal's operations return; those are tested on both databases in their own rooms.
SHOWING = {
    Path(__file__).parent / "cli" / f"test_{command}.py"
    for command in ("diff", "eventtypes", "history", "info", "list", "log", "plot", "stats", "trace", "verify")
}
# In these a test may take a minute.
SLOWEST = ("test_round_trip.py", "test_faults.py")
_NO_PARAMETERS = SimpleNamespace(params={})
# The database of a coordinator with workers, if there is one: see tests/citus.
CITUS = os.environ.get("ESJOURNAL_TEST_CITUS_URL", "")
ON_CITUS = ["citus"] if CITUS else []
DEFAULT_OPENING_SECONDS = 3.0
DEFAULT_POWER_CUTS = 20
DEFAULT_KILLED_TRIES = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults",
        type=int,
        metavar="N",
        help="strike an import N times with each fault on each database",
    )
    parser.addoption(
        "--faults-seed", type=int, default=None, metavar="N", help="repeat the random times of an earlier run"
    )
    parser.addoption(
        "--followed-events",
        type=int,
        metavar="N",
        help="have eight processes write N events on each database while they are followed",
    )
    parser.addoption(
        "--power-cuts",
        type=int,
        default=DEFAULT_POWER_CUTS,
        metavar="N",
        help="cut the power N times at random, in and outside of WAL mode, with and without other programs",
    )
    parser.addoption(
        "--killed-tries",
        type=int,
        default=DEFAULT_KILLED_TRIES,
        metavar="N",
        help="kill N tries to append an event once, on each database",
    )
    parser.addoption(
        "--opening-seconds",
        type=float,
        default=DEFAULT_OPENING_SECONDS,
        metavar="SECONDS",
        help="how many seconds threads open and close stores on one file",
    )
    parser.addoption("--rewrite-screens", action="store_true", help="write the screens in tests/cli/screens anew")


def pytest_configure(config: pytest.Config) -> None:
    if not config.option.basetemp and (folder_in := ram_disk()):
        # The files of tests, for all processes of pytest-xdist.
        folder = tempfile.TemporaryDirectory(prefix="esjournal-", dir=folder_in)
        config.add_cleanup(folder.cleanup)
        config.option.basetemp = f"{folder.name}/tests"
    if config.getoption("numprocesses", None):
        config.pluginmanager.register(ServerOfWorkers())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are processors, because many tests wait: for locks, servers and times."""
    return (os.cpu_count() or 1) + 1


def pytest_sessionstart(session: pytest.Session) -> None:
    """Load a share of the tests, so that not every process of pytest-xdist compiles all of them in a fresh clone."""
    if workerinput := getattr(session.config, "workerinput", None):
        folder = Path(__file__).parent
        number, processes = int(workerinput["workerid"].removeprefix("gw")), workerinput["workercount"]
        for path in sorted(folder.rglob("test_*.py"))[number::processes]:
            import_module(".".join(path.relative_to(folder.parent).with_suffix("").parts))


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Mark a test as long if it needs the environment of another library, or shows again what is the same elsewhere.

    Of the tests that are left, each process of pytest-xdist takes its share of the slowest first, so that none of these
    runs alone at the end.
    """
    for item in items:
        on = getattr(item, "callspec", _NO_PARAMETERS).params.values()
        shows_again = "citus" in on or ("postgresql" in on and item.path in SHOWING)
        if "environments" in getattr(item, "fixturenames", ()) or shows_again:
            item.add_marker(pytest.mark.long)
    yield
    if workerinput := getattr(config, "workerinput", None):
        slowest = [item for item in items if item.path.name in SLOWEST]
        others = [item for item in items if item.path.name not in SLOWEST]
        # `--dist worksteal` begins with a slice of the items for each process.
        items.clear()
        for process in range(processes := workerinput["workercount"]):
            items += slice_of(slowest, process, processes) + slice_of(others, process, processes)


def pytest_collection_finish() -> None:
    # Otherwise each look for garbage goes through all tests.
    gc.freeze()


def slice_of(items: list[pytest.Item], number: int, count: int) -> list[pytest.Item]:
    return items[len(items) * number // count : len(items) * (number + 1) // count]


@pytest.fixture
def shared() -> Iterator[Path]:
    """A sticky folder where everybody may make files; other users cannot enter the usual folders of tests."""
    folder = Path("/tmp") / f"esjournal-{os.urandom(8).hex()}"
    folder.mkdir()
    folder.chmod(0o1777)
    try:
        yield folder
    finally:
        for found in folder.iterdir():
            found.unlink()
        folder.rmdir()


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a PostgreSQL server, with a database that no other test process uses.

    If there is no server this fails: skipped tests would say nothing about PostgreSQL.
    """
    if workerinput := getattr(request.config, "workerinput", None):
        with own_database(workerinput["postgres_server"]) as url:
            yield url
    else:
        with shared_server() as url:
            yield url


@pytest.fixture(scope="session")
def own_server() -> Iterator[OwnServer]:
    """A PostgreSQL server that tests may stop, and that waits for the disk."""
    with tempfile.TemporaryDirectory(prefix="esjournal-") as folder:
        server = OwnServer(Path(folder) / "data")
        try:
            yield server
        finally:
            server.close()


@pytest.fixture
def own_url(own_server: OwnServer) -> str:
    return f"{own_server.url}&schema=journal"


@pytest.fixture(scope="session")
def standby(postgres_server: str) -> Iterator[Standby]:
    """A hot standby of that server."""
    with tempfile.TemporaryDirectory(prefix="esjournal-") as folder:
        Path(folder).chmod(0o755)
        server = Standby(postgres_server, Path(folder))
        try:
            yield server
        finally:
            server.close()


@pytest.fixture(scope="session")
def dropping(postgres_server: str) -> Iterator[psycopg.Connection]:
    """A connection to that server that drops the schemas of tests: opening one for each would take longer."""
    with closing(psycopg.connect(postgres_server, autocommit=True)) as connection:
        # A test that leaves a transaction open should fail here, and not hang.
        connection.execute("SET lock_timeout = '5s'")
        yield connection


@contextmanager
def own_schema(server: str, dropping: psycopg.Connection) -> Iterator[str]:
    """Yield the URL of a schema for one test, which the journal makes, and drop the schema afterwards."""
    schema = f"test_{uuid4().hex}"
    yield f"{server}{'&' if '?' in server else '?'}schema={schema}"
    dropping.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')


@pytest.fixture
def postgres_url(postgres_server: str, dropping: psycopg.Connection) -> Iterator[str]:
    """The URL of a schema for one test, which the journal makes and which is dropped afterwards."""
    with own_schema(postgres_server, dropping) as url:
        yield url


@pytest.fixture
def other_postgres_url(postgres_server: str, dropping: psycopg.Connection) -> Iterator[str]:
    """The URL of another schema, for tests that need two stores."""
    with own_schema(postgres_server, dropping) as url:
        yield url


@pytest.fixture(scope="session")
def pooled_server(postgres_server: str) -> Iterator[str]:
    """The URL of that server through a PgBouncer, which pools by transaction and drops options."""
    if PGBOUNCER is None:
        pytest.skip("PgBouncer is not installed, so poolers are not tested")
    with pooled(postgres_server, "ignore_startup_parameters = options") as url:
        yield url


@pytest.fixture
def citus_url() -> Iterator[str]:
    """The URL of a schema for one test, which Citus keeps on a worker."""
    with closing(psycopg.connect(CITUS, autocommit=True)) as dropping, own_schema(CITUS, dropping) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'journal.db'}"


URL_ON = {"sqlite": "sqlite_url", "postgresql": "postgres_url", "citus": "citus_url"}


@pytest.fixture(params=["memory", "sqlite", "postgresql", *ON_CITUS])
def journal_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store without a journal, for tests that hold on every database."""
    if request.param == "memory":
        return "sqlite:///:memory:"
    url: str = request.getfixturevalue(URL_ON[request.param])
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a store for the tests of a module that leave it as a fixture of that module made it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('module') / 'journal.db'}"
    else:
        yield request.getfixturevalue("module_postgres_url")


@pytest.fixture(scope="module")
def module_postgres_url(postgres_server: str, dropping: psycopg.Connection) -> Iterator[str]:
    """The URL of a store on PostgreSQL for the tests of a module."""
    with own_schema(postgres_server, dropping) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql", *ON_CITUS])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store without a journal, for tests that use other processes."""
    url: str = request.getfixturevalue(URL_ON[request.param])
    return url
