"""The page of findings and warnings has a section for each kind, and explains no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import esjournal
from esjournal.cli.rendering.explanations import FINDINGS, explanation_of, next_step_of
from esjournal.domain.findings import FindingKind, WarningKind
from tests.helpers.events import sequence
from tests.helpers.program import invoke
from tests.helpers.stores import file_with
from tests.helpers.terminal import on_terminal, plain

PAGE = (Path(__file__).parents[2] / "docs" / "findings.md").read_text()
PACKAGE = Path(esjournal.__file__).parent


def sections(heading: str) -> dict[str, str]:
    """The sections below a heading of the page: the title and the text of each."""
    below = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^### (.*)\n((?:(?!### ).*\n)*)", below, flags=re.MULTILINE))


# A warning about what is a finding, too, has the section of that.
WARNINGS = [str(kind) for kind in WarningKind if kind not in list(map(str, FindingKind))]


@pytest.mark.parametrize(
    ("heading", "kinds"), [("Findings", list(map(str, FindingKind))), ("Warnings of info", WARNINGS)]
)
def test_each_kind_has_a_section(heading: str, kinds: list[str]) -> None:
    explained = sections(heading)
    assert list(explained) == kinds
    for title, text in explained.items():
        assert re.findall(r"^- \*\*(\w+)\*\*: ", text, flags=re.MULTILINE) == ["Means", "Cause", "Do"], title


@pytest.mark.parametrize("kinds", [FindingKind, WarningKind])
def test_each_kind_is_found_somewhere(kinds: type[FindingKind | WarningKind]) -> None:
    layers = ("journal", "infrastructure")
    code = "".join(path.read_text() for layer in layers for path in (PACKAGE / layer).rglob("*.py"))
    assert [kind for kind in kinds if not re.search(rf"\b{kinds.__name__}\.{kind.name}\b", code)] == []


def test_each_kind_of_finding_is_explained_on_a_terminal() -> None:
    assert set(FINDINGS) == set(FindingKind)
    for kind in FindingKind:
        assert explanation_of(kind, 80).endswith(f" (docs/findings.md#{kind})")
        assert "docs/" not in explanation_of(kind, 79)
    assert next_step_of(WarningKind.SYNCHRONOUS, 79) == "; leave it as esjournal sets it"


def test_the_help_of_verify_names_each_kind() -> None:
    kinds = invoke("verify", "--help").stdout.split("Kinds:\n")[1].split("\n\n")[0]
    assert kinds.split() == [str(kind) for kind in FindingKind]


def test_what_was_not_done_has_a_section(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", sequence(3))
    path.write_text(f"{path.read_text()}nonsense\n")
    shown = " ".join(plain(on_terminal("verify", "--digest", url=str(path))).split())
    assert shown.endswith(
        "there is no digest, because some events cannot be read (docs/findings.md#there-is-no-digest)"
    )
    assert "docs/" not in invoke("verify", "--digest", url=str(path)).stderr
    slugs = [title.replace(" ", "-") for title in sections("Other messages")]
    code = (PACKAGE / "cli" / "running" / "verify.py").read_text()
    assert [slug for slug in slugs if f'"{slug}"' in code] == ["indexes-were-not-checked", "there-is-no-digest"]
