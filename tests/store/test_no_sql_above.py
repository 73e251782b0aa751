"""Only the store speaks SQL: what is above asks it for data."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BELOW = (ROOT / "crdtnotes" / "store", ROOT / "crdtnotes" / "helpers")
"""The store, and the helper process that builds a search index for it."""

STATEMENTS = {"execute", "executemany", "executescript", "conn"}


def modules() -> Iterator[Path]:
    for package in (ROOT / "crdtnotes", ROOT / "tui" / "crdtnotes_tui"):
        for path in sorted(package.rglob("*.py")):
            if not any(path.is_relative_to(folder) for folder in BELOW):
                yield path


def statements(source: str) -> list[int]:
    """Return the lines that reach for a database connection or run a statement on one."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr in STATEMENTS
    ]


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_above_the_store_runs_sql(path: Path) -> None:
    assert statements(path.read_text(encoding="utf-8")) == []


def test_a_statement_is_found() -> None:
    assert statements("rows = replica.conn.execute('SELECT 1')\n") == [1, 1]
