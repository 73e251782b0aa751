"""The documentation's pages: their links work, and they are easy to read in a terminal."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md")))
WIDTH = 120

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!`)\[[^\]\[]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def prose(page: Path) -> str:
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The fragments that lead to a page's headings, in the form that repository hosts generate."""
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        for heading in _HEADING.findall(prose(page))
    }


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_within_the_documentation_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(prose(page)):
        if ":" in target:
            continue
        place, _, fragment = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        assert file.exists(), target
        assert not fragment or fragment in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_prose_is_wrapped(page: Path) -> None:
    for line in prose(page).splitlines():
        assert cell_len(line) <= WIDTH or line.startswith(("|", "![")), line


@pytest.mark.parametrize("folder", [DOCS, DOCS / "decisions"], ids=name_of)
def test_an_index_names_every_page_beside_it(folder: Path) -> None:
    index = prose(folder / "index.md")
    for page in folder.glob("*.md"):
        assert page.name == "index.md" or f"]({page.name}" in index
