"""The documentation's pages: links, files, programs and names in them exist, and a terminal can show them."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md")))
WIDTH = 120

SOURCES = ("crdtnotes", "tui", "tests", ".ci")
"""The folders whose files and names the pages mention."""

SUFFIXES = frozenset({".c", ".py", ".tcss"})

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!`)\[[^\]\[]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_FILE = re.compile(r"[\w./-]*\w\.(?:c|py|sh|tcss|toml|yaml)|(?:crdtnotes|tui|tests)/[\w./]+")
_PROGRAM = re.compile(r"python -m (crdtnotes|tests)((?:\.\w+)*)")
_NAME = re.compile(
    r"(?:[A-Z][a-z]+){2,}(?:\.\w+)?|[A-Z]\w+\.\w+|_[a-z]+|_?[a-z]+(?:_[a-z]+)+|_?[A-Z]{2,}(?:_[A-Z]+)*"
)
_WORD = re.compile(r"\w+")


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


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """The text of each source file, by its path."""
    if not (ROOT / ".ci").exists():
        pytest.skip("the sources are in other folders here")
    found = [path for folder in SOURCES for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return {name_of(path): path.read_text(encoding="utf-8") for path in (*found, ROOT / "pyproject.toml")}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_exists(page: Path, sources: dict[str, str]) -> None:
    """A file may be named by the end of its path, as `core.py`; a folder by its whole path."""
    for mention in filter(_FILE.fullmatch, _CODE.findall(prose(page))):
        ends = [path for path in sources if f"/{path}".endswith(f"/{mention}")]
        assert ends or (ROOT / mention).exists(), mention


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_program_that_is_named_exists(page: Path, sources: dict[str, str]) -> None:
    for package, rest in _PROGRAM.findall(page.read_text(encoding="utf-8")):
        place = (package + rest).replace(".", "/")
        assert f"{place}.py" in sources or f"{place}/__main__.py" in sources, place


@pytest.fixture(scope="module")
def words(sources: dict[str, str]) -> set[str]:
    """Every word of the sources but those of this file."""
    texts = (text for path, text in sources.items() if path != name_of(Path(__file__)))
    return {word for text in texts for word in _WORD.findall(text)}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_name_of_the_code_exists(page: Path, words: set[str]) -> None:
    """Classes, members, functions and constants that a page puts between backquotes."""
    for mention in filter(_NAME.fullmatch, (code.removesuffix("()") for code in _CODE.findall(prose(page)))):
        assert set(mention.split(".")) <= words, mention


@pytest.mark.parametrize("folder", [DOCS, DOCS / "decisions"], ids=name_of)
def test_an_index_names_every_page_beside_it(folder: Path) -> None:
    index = prose(folder / "index.md")
    for page in folder.glob("*.md"):
        assert page.name == "index.md" or f"]({page.name}" in index
