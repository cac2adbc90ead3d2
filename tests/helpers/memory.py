"""How much memory a command takes at its peak, and how much more it may take for many events than for few."""

from __future__ import annotations

import subprocess
import sys

from tests.helpers.program import environment

PEAK = """
import resource, sys
from esjournal.cli.app import app
sys.stdout = open("/dev/null", "w")
app(sys.argv[1:], standalone_mode=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""
FEW, MANY = 5_000, 100_000
GROWTH_ALLOWED = 24 * 1024


def peak_kibibytes(*arguments: str) -> int:
    ended = subprocess.run(
        [sys.executable, "-c", PEAK, *arguments], capture_output=True, text=True, check=True, env=environment()
    )
    return int(ended.stderr.splitlines()[-1])
