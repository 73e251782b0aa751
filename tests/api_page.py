"""Writes docs/api.md from the docstrings of the public interface: `python -m tests.api_page`.

The public interface consists of the names that `crdtnotes` exports and of the modules in MODULES.
"""

import ast
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc
from pathlib import Path

import crdtnotes

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
WIDTH = 120

Function = ast.FunctionDef | ast.AsyncFunctionDef

CLASSES = ("Vault", "Note", "EditSession")
"""The exported classes with methods; the other exported names are values and errors."""

MODULES = (
    "crdtnotes.crdt",
    "crdtnotes.demo_vault",
    "crdtnotes.editing",
    "crdtnotes.erasing",
    "crdtnotes.errors",
    "crdtnotes.graph.around",
    "crdtnotes.graph.draw",
    "crdtnotes.graph.export",
    "crdtnotes.graph.labels",
    "crdtnotes.markup.files",
    "crdtnotes.markup.frontmatter",
    "crdtnotes.markup.inline",
    "crdtnotes.markup.math",
    "crdtnotes.markup.names",
    "crdtnotes.markup.outline",
    "crdtnotes.markup.pinyin",
    "crdtnotes.markup.places",
    "crdtnotes.markup.resolve",
    "crdtnotes.markup.rewrite",
    "crdtnotes.markup.wikilink",
    "crdtnotes.mirror.exporter",
    "crdtnotes.mirror.importer",
    "crdtnotes.own_files",
    "crdtnotes.own_keys",
    "crdtnotes.unsaved",
    "crdtnotes.peering.addresses",
    "crdtnotes.peering.codes",
    "crdtnotes.peering.devices",
    "crdtnotes.peering.join",
    "crdtnotes.peering.listener",
    "crdtnotes.peering.open_vault",
    "crdtnotes.peering.pair",
    "crdtnotes.peering.service",
    "crdtnotes.progress",
    "crdtnotes.terminal.console",
    "crdtnotes.terminal.text",
    "crdtnotes.terminal.times",
)
"""The public modules besides `crdtnotes` itself."""

ELSEWHERE = {"crdtnotes.editing", "crdtnotes.errors"}
"""Public modules whose names `crdtnotes` exports too; the page describes those names only once."""

NOT_PUBLIC = {"Vault.replica"}
"""Members without an underscore that only the library itself uses, such as sync for the replica."""

HEAD = """\
# The Python interface

`crdtnotes` exports what a script needs. Each name is loaded when it is first used, so `import crdtnotes` is
cheap. Only what this page names is public: other modules, and names with a leading underscore, may change
at any time. The page is written from the docstrings by `python -m tests.api_page`, and the tests compare
the two.

Positions and lengths are code points. Times are milliseconds since 1970. A vault belongs to the thread that
opened it; other processes may have the same file open. Every error is a `CrdtnotesError`, and its message is
one sentence for the user.

```pycon
>>> from crdtnotes import NoteNotFound, Vault
>>> with Vault.create("vault.crdtnotes") as vault:
...     cap = vault.create_note("CAP定理", "Consistency, availability, partitions.")
...     paxos = vault.create_note("papers/Paxos", "See [[CAP定理]].")
...     paxos.append("Two rounds.")
...     print([info.name for info in vault.notes()])
...     print([(link.note, link.line) for link in cap.backlinks()])
...     print(vault.search("rounds")[0].snippet)
...     try:
...         vault.note("Raft")
...     except NoteNotFound as error:
...         print(error)
['CAP定理', 'papers/Paxos']
[('papers/Paxos', 1)]
Two rounds.
There is no note 'Raft'.

```

Several edits become one commit in a transaction. Two replicas exchange their changes as bytes, in any order
and any number of times:

```pycon
>>> with Vault.create("laptop.crdtnotes") as laptop:
...     with laptop.transaction():
...         laptop.create_note("todo", "milk")
...         laptop.note("todo").append("bread")
...     with Vault.create("desktop.crdtnotes", "desktop", laptop.id) as desktop:
...         for batch in laptop.changes_since(desktop.version):
...             received = desktop.apply(batch)
...         print(desktop.note("todo").text, end="")
...         print(desktop.digest == laptop.digest)
<Note ...>
milk
bread
True

```
"""


def page() -> str:
    """Return the page."""
    errors = import_module("crdtnotes.errors")
    classes = [f"- {_inline(line)}" for line in _errors()]
    tree = (errors.__doc__ or "").partition("::\n\n")[2].partition("\n\n")[0]
    parts = [
        HEAD,
        "## The package\n",
        *map(_described, CLASSES),
        "## Values\n",
        *(_described(name) for name in _values()),
        "## Errors\n",
        f"```\n{textwrap.dedent(tree)}\n```\n",
        "\n".join(map(_wrapped_item, classes)) + "\n",
        "## Public modules\n",
        _wrapped("The editor uses these besides `crdtnotes`. A script seldom needs them.") + "\n",
        *map(_module, MODULES),
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip("\n") + "\n"


def _errors() -> Iterator[str]:
    """Yield a line for each error class that the package exports."""
    for name in crdtnotes.__all__:
        found = getattr(crdtnotes, name)
        if isinstance(found, type) and issubclass(found, Exception):
            yield f"`{name}`: {cleandoc(found.__doc__ or '')}"


def _values() -> list[str]:
    """Return the names that the package exports and that are described below "Values"."""
    rest = {*CLASSES, "__version__"}
    return [
        name
        for name in crdtnotes.__all__
        if name not in rest
        and not (isinstance(one := getattr(crdtnotes, name), type) and issubclass(one, Exception))
    ]


def _described(name: str) -> str:
    """Return the section of a name that the package exports."""
    home = crdtnotes._home_of(name)
    node = _find(home, name)
    if isinstance(node, ast.ClassDef):
        return _class(node, full=True)
    return f"### `{name}`\n\n{_prose(_constant(home, name))}\n"


def _module(name: str) -> str:
    """Return the section of a public module: its names, each with its signature and description."""
    lines = [f"### `{name}`\n", _prose(_first(ast.get_docstring(_tree(name)) or "")) + "\n"]
    if name in ELSEWHERE:
        return "\n".join([*lines, "Its names are those that `crdtnotes` exports, above.\n"])
    for public in public_names(name):
        node = _find(name, public)
        if isinstance(node, ast.ClassDef):
            # Only classes that a program creates itself are described with all their methods.
            lines.append(_class(node, full=public in ("PeerService", "Text"), heading=False))
        elif isinstance(node, Function):
            lines.append(_function(node))
        else:
            lines.append(_item(f"`{public}`", _constant(name, public)))
    return "\n".join(lines)


def public_names(module: str) -> list[str]:
    """Return the names of a public module: its `__all__`, or else the names that it defines and describes."""
    found = getattr(import_module(module), "__all__", None)
    if found is not None:
        return list(found)
    names: list[str] = []
    body = _statements(module)
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | Function):
            names.append(node.name)
        elif _is_text(after):
            names += _assigned(node)
    return [name for name in names if not name.startswith("_")]


# -- sources


def _tree(module: str) -> ast.Module:
    file = import_module(module).__file__
    # A compiled module is next to its source.
    path = Path(re.sub(r"\.[^./]*\.so$|\.so$", ".py", file or ""))
    return ast.parse(path.read_text(encoding="utf-8"))


def _find(module: str, name: str) -> ast.ClassDef | Function | None:
    """Return the definition of a name, following re-exports; None for a constant."""
    body = _statements(module)
    for node in body:
        if isinstance(node, ast.ClassDef | Function) and node.name == name:
            return node
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module and any(one.name == name for one in node.names):
            return _find(node.module, name)
    return None


def _statements(module: str) -> list[ast.stmt]:
    """Return a module's statements, with those that only type checkers see: there are the lazy imports."""
    found: list[ast.stmt] = []
    for node in _tree(module).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found += node.body
        else:
            found.append(node)
    return found


def _constant(module: str, name: str) -> str:
    """Return the docstring below a constant, following re-exports; "" if there is none."""
    body = _statements(module)
    for node, after in zip(body, [*body[1:], None], strict=True):
        if name in _assigned(node):
            return _text(after)
    for statement in body:
        if isinstance(statement, ast.ImportFrom) and any(one.name == name for one in statement.names):
            return _constant(statement.module or "", name)
    return ""


def _assigned(node: ast.stmt) -> list[str]:
    """Return the names to which a statement assigns."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _is_text(node: ast.stmt | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _text(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return cleandoc(str(node.value.value))
    return ""


def methods(node: ast.ClassDef) -> list[Function]:
    """Return the public methods and properties of a class."""
    found = [one for one in node.body if isinstance(one, Function)]
    return [
        one for one in found if not one.name.startswith("_") and f"{node.name}.{one.name}" not in NOT_PUBLIC
    ]


# -- Markdown


def _class(node: ast.ClassDef, *, full: bool, heading: bool = True) -> str:
    doc = ast.get_docstring(node) or ""
    fields = [
        (one.target.id, _annotation(one.annotation))
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    ]
    made = f"{node.name}({', '.join(f'{name}: {kind}' for name, kind in fields)})" if fields else node.name
    if not heading:
        lines = [_item(f"`{made}`", doc if full else _first(doc))]
    elif fields:
        lines = [f"### `{node.name}`\n", f"```python\n{_broken(made)}\n```\n", _prose(doc) + "\n"]
    else:
        lines = [f"### `{node.name}`\n", _prose(doc) + "\n"]
    if full:
        indent = "" if heading else "  "
        lines += [textwrap.indent(_function(one, node.name), indent) for one in methods(node)]
    return "\n".join(lines).rstrip("\n") + "\n" * (1 + heading)


def _function(node: Function, owner: str = "") -> str:
    decorators = {ast.unparse(one) for one in node.decorator_list}
    name = f"{owner}.{node.name}" if owner else node.name
    returns = "" if node.returns is None else f" -> {_annotation(node.returns)}"
    if "property" in decorators:
        written = f"{name}: {_annotation(node.returns)}"
    else:
        if "contextmanager" in decorators:
            returns = returns.replace("Iterator[", "AbstractContextManager[")
        if "asynccontextmanager" in decorators:
            returns = returns.replace("AsyncIterator[", "AbstractAsyncContextManager[")
        written = f"{name}({', '.join(_arguments(node.args, bound=bool(owner)))}){returns}"
    is_awaited = isinstance(node, ast.AsyncFunctionDef) and "asynccontextmanager" not in decorators
    kind = "await " if is_awaited else ""
    return _item(f"`{kind}{written}`", ast.get_docstring(node) or "")


def _arguments(arguments: ast.arguments, *, bound: bool) -> Iterator[str]:
    """Yield each argument as it is written in a signature, without `self`."""
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [*([None] * without), *arguments.defaults]
    yield from map(_argument, positional[bound:], defaults[bound:])
    if arguments.vararg is not None:
        yield f"*{arguments.vararg.arg}"
    elif arguments.kwonlyargs:
        yield "*"
    yield from map(_argument, arguments.kwonlyargs, arguments.kw_defaults)


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    kind = f": {_annotation(argument.annotation)}" if argument.annotation is not None else ""
    return argument.arg + kind + (f" = {ast.unparse(default)}" if default is not None else "")


def _annotation(node: ast.expr | None) -> str:
    """Return an annotation as source text, without quotes."""
    if node is None:
        return "None"
    return str(node.value) if isinstance(node, ast.Constant) and node.value else ast.unparse(node)


def _broken(call: str) -> str:
    """Return a call, wrapped to as many lines as it needs."""
    return textwrap.fill(call, WIDTH, subsequent_indent="    ", break_long_words=False)


def _first(doc: str) -> str:
    return doc.partition("\n\n")[0]


def _inline(text: str) -> str:
    """Return a docstring as Markdown: double backquotes and roles become plain code."""
    text = re.sub(r":(?:func|data|class):`([^`]+)`", r"`\1`", text)
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def _wrapped(text: str, first: str = "", then: str = "") -> str:
    return textwrap.fill(
        " ".join(text.split()),
        WIDTH - 6,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _wrapped_item(line: str) -> str:
    return _wrapped(line.removeprefix("- "), "- ", "  ")


def _prose(doc: str) -> str:
    """Return a docstring's paragraphs, wrapped."""
    return "\n\n".join(_wrapped(_inline(part)) for part in doc.split("\n\n"))


def _item(written: str, doc: str) -> str:
    """Return a list item: the signature, then the description."""
    paragraphs = [_inline(part) for part in doc.split("\n\n") if part]
    lines = [_wrapped(written, "- ", "  ")]
    if paragraphs:
        lines[0] += "  "
    lines += [_wrapped(part, "  ", "  ") for part in paragraphs[:1]]
    lines += ["\n" + _wrapped(part, "  ", "  ") for part in paragraphs[1:]]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
