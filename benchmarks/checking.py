"""How the time and memory needed to check one state grow with its length, for texts that are hard to check.

usage: python benchmarks/checking.py [--most MEBIBYTES]

Prints milliseconds of processor time, the best of three, for texts of 1, 2, 4, 8 and 16 MB. For the longest one it also
prints how many times its size the check takes in memory, besides the text. Twice the text should take twice as long.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc

from esjournal.domain.model import rules

MEBIBYTE = 1024 * 1024
# What a state is made of: its beginning, a part that is repeated, and its end.
SHAPES = {
    "text": ('{"a":"', "x", '"}'),
    "text that is escaped": ('{"a":"', "\\u20ac", '"}'),
    "hexadecimal digits in a string": ('{"a":"', "0123456789abcdef0e999", '"}'),
    "one integer": ('{"a":', "9", "}"),
    "one fraction": ('{"a":0.', "9", "}"),
    "many numbers": ('{"a":[', "1,", "1e300]}"),
    "many numbers near the limit": ('{"a":[', "1e307,", "0]}"),
    "501 `[` and escaped quotes": ('{"a":"' + "[" * 501 + '"' + ',"b":"', '\\"', '"}'),
    "600 `[]` and text": ('{"a":[' + "[]," * 600 + '"', "x", '"]}'),
    "empty arrays": ('{"a":[', "[],", "0]}"),
    "strings of one bracket": ('{"a":[', '"[",', "0]}"),
    "empty strings": ('{"a":[', '"",', "0]}"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=16)
    most = parser.parse_args().most
    sizes = [size for size in (1, 2, 4, 8, 16) if size <= most]
    print(f"| state | {' | '.join(f'{size} MB' for size in sizes)} | memory |")
    print(f"| --- | {' | '.join('--:' for _ in sizes)} | --: |")
    for name, shape in SHAPES.items():
        texts = [filled(*shape, size * MEBIBYTE) for size in sizes]
        times = " | ".join(f"{milliseconds(text):.0f} ms" for text in texts)
        print(f"| {name} | {times} | {memory(texts[-1]):.1f} x |", flush=True)


def filled(start: str, pattern: str, end: str, size: int) -> str:
    return start + pattern * ((size - len(start) - len(end)) // len(pattern)) + end


def milliseconds(text: str) -> float:
    taken = []
    for _ in range(3):
        began = time.process_time()
        rules.json_object(text)
        taken.append(time.process_time() - began)
    return min(taken) * 1000


def memory(text: str) -> float:
    tracemalloc.start()
    rules.json_object(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / len(text)


if __name__ == "__main__":
    main()
