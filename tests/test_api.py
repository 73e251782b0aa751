"""The public interface: the exported names, the page that describes them, and the use of anything else."""

import ast
import doctest
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import crdtnotes
from crdtnotes import errors, results
from crdtnotes.crdt import COMPILED
from crdtnotes.errors import CrdtnotesError
from tests import api_page

ROOT = Path(__file__).parents[1]
EDITOR = ROOT / "tui" / "crdtnotes_tui"
COMMANDS = ROOT / "crdtnotes" / "cli"

REACHES_THE_REPLICA = {
    "crdtnotes/cli/bundles.py",
    "crdtnotes/cli/devices.py",
}
"""Files above the library that still reach the replica below a vault. This set only shrinks."""


# -- the package


def test_every_exported_name_can_be_loaded() -> None:
    for name in crdtnotes.__all__:
        assert getattr(crdtnotes, name) is not None
    assert set(crdtnotes.__all__) <= set(dir(crdtnotes))


def test_every_error_and_every_result_is_exported() -> None:
    classes = [
        name
        for module, base in ((errors, CrdtnotesError), (results, object))
        for name, found in vars(module).items()
        if inspect.isclass(found) and issubclass(found, base) and found.__module__ == module.__name__
    ]
    assert set(classes) <= set(crdtnotes.__all__)


def test_a_name_that_is_not_exported_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(crdtnotes, "nonsense")  # noqa: B009 - mypy knows that it is not there


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys, crdtnotes; print(*(name for name in sys.modules if name.startswith('crdtnotes')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["crdtnotes"]


def test_the_package_can_be_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "crdtnotes", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.startswith("Usage: crdtnotes [OPTIONS]")


# -- the page


def test_the_page_matches_the_code() -> None:
    written = api_page.PAGE.read_text(encoding="utf-8")
    assert written == api_page.page(), "run `python -m tests.api_page`"


def test_the_page_describes_every_exported_name() -> None:
    page = api_page.PAGE.read_text(encoding="utf-8")
    for name in set(crdtnotes.__all__) - {"__version__"}:
        assert f"### `{name}`" in page or f"- `{name}`: " in page, name


def members(name: str) -> list[str]:
    """Return the public methods and properties of a class, as Python sees them."""
    return [
        f"{name}.{member}"
        for member in dir(getattr(crdtnotes, name))
        if not member.startswith("_") and f"{name}.{member}" not in api_page.NOT_PUBLIC
    ]


@pytest.mark.parametrize("name", api_page.CLASSES)
def test_the_page_describes_every_member_and_nothing_else(name: str) -> None:
    page = api_page.PAGE.read_text(encoding="utf-8")
    described = re.findall(rf"^- `({name}\.\w+)[(:][^`]*`  \n  \S", page, re.MULTILINE)
    assert sorted(described) == sorted(members(name))


@pytest.mark.parametrize("name", api_page.MODULES)
def test_every_name_of_a_public_module_is_described(name: str) -> None:
    if COMPILED and name == "crdtnotes.crdt":
        pytest.skip("a compiled class has no docstring; the page is written from the source")
    module = import_module(name)
    assert module.__doc__
    for public in api_page.public_names(name):
        found = getattr(module, public)
        assert not (inspect.isclass(found) or inspect.isfunction(found)) or found.__doc__, public


def test_the_examples_do_what_they_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(
        str(api_page.PAGE), module_relative=False, encoding="utf-8", optionflags=doctest.ELLIPSIS
    )
    assert (failed, tried) == (0, 3)


# -- the use of private names


def sources(folder: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each import from the library: the module, and the imported name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "crdtnotes":
            for one in node.names:
                yield node.module or "", one.name
        elif isinstance(node, ast.Import):
            for one in node.names:
                if one.name.partition(".")[0] == "crdtnotes":
                    yield one.name, ""


def test_the_editor_uses_only_public_modules() -> None:
    used = {module for _, tree in sources(EDITOR) for module, _ in imported(tree)}
    assert used - {"crdtnotes", *api_page.MODULES} == set()


def test_the_editor_uses_only_names_that_the_page_describes() -> None:
    page = api_page.PAGE.read_text(encoding="utf-8")
    for path, tree in sources(EDITOR):
        for module, name in imported(tree):
            assert re.search(rf"`{name}(?:\([^`]*)?`", page), (path, module, name)


def foreign_private(tree: ast.Module) -> list[str]:
    """Return the underscore attributes that a file uses on objects or classes that are not its own."""
    own = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_own(node.value)}
    own |= {name for node in ast.walk(tree) for name in _defined(node)}
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not _is_own(node.value)
        and node.attr not in own
        and node.attr not in ("_replace", "_exit")  # of a named tuple and of os: public all the same
    ]


def _is_own(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _defined(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name


@pytest.mark.parametrize("folder", [EDITOR, COMMANDS], ids=lambda folder: folder.name)
def test_nothing_above_the_library_reaches_a_private_attribute(folder: Path) -> None:
    found = {path: reached for path, tree in sources(folder) if (reached := foreign_private(tree))}
    assert found == {}


def test_a_private_attribute_is_found() -> None:
    assert foreign_private(ast.parse("vault._writer.flush_draft()\nself._own = 1\n")) == ["1: vault._writer"]


def test_only_sync_reaches_the_replica() -> None:
    found = {
        path
        for folder in (EDITOR, COMMANDS)
        for path, tree in sources(folder)
        if any(isinstance(node, ast.Attribute) and node.attr == "replica" for node in ast.walk(tree))
    }
    assert found == REACHES_THE_REPLICA
