"""The peak memory of a command, and how much more it may take for many events than for few."""

from __future__ import annotations

import subprocess
import sys

from tests.helpers.program import environment

# getrusage is only used elsewhere: on Linux its peak begins with that of the process that started this one.
PEAK = """
import pathlib, re, resource, sys
from esjournal.cli.app import app
sys.stdout = open("/dev/null", "w")
app(sys.argv[1:], standalone_mode=False)
status = pathlib.Path("/proc/self/status")
found = re.search(r"VmHWM:\\s*([0-9]+) kB", status.read_text()) if status.exists() else None
print(found[1] if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""
FEW, MANY = 5_000, 50_000
# The first number fills the 32 MiB that a writer's cache may take on SQLite. With the second, twice as many events are
# new if the first ones are there already.
FULL, THRICE_FULL = 200_000, 600_000
# How many KiB more a command may take for the second number than for the first.
GROWTH_TO_MANY, GROWTH_TO_THRICE_FULL = 11 * 1024, 24 * 1024


def peak_kibibytes(*arguments: str) -> int:
    ended = subprocess.run(
        [sys.executable, "-c", PEAK, *arguments], capture_output=True, text=True, check=True, env=environment()
    )
    return int(ended.stderr.splitlines()[-1])
