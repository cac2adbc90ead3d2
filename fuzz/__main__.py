"""Try generated inputs on esjournal for some seconds: it may raise nothing but EsjournalError and errors of the command
line, and whatever it accepts must come back equal.

usage: python -m fuzz [--seconds N] [--seed N] [--only NAME ...]

Each round tries some hundred inputs on every target. The same seed gives the same inputs in the same order; a failure
is printed with its smallest input and the command that reproduces it. The exit code is 1 if there was a failure.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter

from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzz.targets import TARGETS

EXAMPLES = 200


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60, help="how long to go on, 60 if not given")
    parser.add_argument("--seed", type=int, default=None, help="the first round's seed, random if not given")
    parser.add_argument("--only", nargs="+", choices=sorted(TARGETS), default=sorted(TARGETS), metavar="NAME")
    options = parser.parse_args()
    first = random.SystemRandom().randrange(2**32) if options.seed is None else options.seed
    print(f"seed {first}, targets {', '.join(options.only)}", flush=True)
    ends = time.monotonic() + options.seconds
    failures: Counter[str] = Counter()
    rounds = 0
    while rounds == 0 or time.monotonic() < ends:
        for name in options.only:
            if not failures[name]:
                failures[name] += not _passes(name, first + rounds)
        rounds += 1
    print(f"{rounds} rounds of {EXAMPLES} inputs for each target; {failures.total()} targets failed", flush=True)
    return 1 if failures.total() else 0


def _passes(name: str, round_seed: int) -> bool:
    function, strategies = TARGETS[name]
    configured = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=False,
        print_blob=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    try:
        seed(round_seed)(configured(given(*strategies)(function)))()
    except Exception:
        print(f"\nFAILED {name}: python -m fuzz --seconds 0 --seed {round_seed} --only {name}", flush=True)
        traceback.print_exc(limit=-6, file=sys.stdout)
        sys.stdout.flush()
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
