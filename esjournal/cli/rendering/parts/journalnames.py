"""Names for two journals: short, and never the same."""

from __future__ import annotations

from collections.abc import Iterator

from esjournal.cli.terminal import on_one_line


def short_names(a: str, b: str) -> tuple[str, str]:
    """Return a name for each of two journals: as much of the end of its address as tells it from the other one.

    Args:
        a: the path or URL of a journal, without secrets.
        b: that of another one, or of the same.
    """
    one, other = next(pair for pair in _pairs(a, b) if all(pair) and pair[0] != pair[1])
    return on_one_line(one), on_one_line(other)


def _pairs(a: str, b: str) -> Iterator[tuple[str, str]]:
    (path_a, of_a), (path_b, of_b) = map(_parts, (a, b))
    for count in range(1, max(len(path_a), len(path_b)) + 1):
        yield "/".join(path_a[-count:]), "/".join(path_b[-count:])
    # Only parameters that the other one does not have.
    only_a, only_b = ([each for each in of_one if each not in other] for of_one, other in ((of_a, of_b), (of_b, of_a)))
    yield _with_parameters(path_a[-1], only_a), _with_parameters(path_b[-1], only_b)
    yield a, b
    yield f"{path_a[-1] or a} (A)", f"{path_b[-1] or b} (B)"


def _parts(address: str) -> tuple[list[str], list[str]]:
    """Return the folders and the name in an address, and its parameters."""
    if "://" not in address:
        return address.split("/"), []
    path, _, parameters = address.partition("://")[2].partition("?")
    # The third slash of a URL is not of the path.
    return path.removeprefix("/").rstrip("/").split("/"), parameters.split("&") if parameters else []


def _with_parameters(name: str, parameters: list[str]) -> str:
    return f"{name}?{'&'.join(parameters)}" if parameters else name
