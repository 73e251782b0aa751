from importlib.metadata import entry_points
from pathlib import Path

import pytest

from crdtnotes.cli import tui
from crdtnotes.cli.tui import GROUP
from tests.cli.program import Program


class Editor:
    """An entry point, and the arguments that it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[Path, str | None, str | None]] = []
        self.served_at: tuple[str | None, int | None] | None = None

    def load(self) -> "Editor":
        return self

    def __call__(
        self,
        path: Path,
        name: str | None,
        new_device: str | None,
        serve_at: tuple[str | None, int | None] | None,
    ) -> None:
        self.served_at = serve_at
        self.calls.append((path, name, new_device))


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch) -> Editor:
    editor = Editor()
    monkeypatch.setattr(tui, "entry_points", lambda group: [editor] if group == GROUP else [])
    monkeypatch.setattr(tui, "on_terminal", lambda: True)
    return editor


def test_no_command_and_tui_open_the_editor(program: Program, editor: Editor) -> None:
    program.out()
    program.out("tui", "CAP定理")
    assert editor.calls == [(program.path, None, None), (program.path, "CAP定理", None)]


@pytest.mark.parametrize(
    ("options", "serve_at"),
    [
        ((), None),
        (("--port", "0"), (None, 0)),
        (("--host", "localhost"), ("localhost", None)),
        (("--host", "::1", "--port", "99"), ("::1", 99)),
    ],
)
def test_the_editor_serves_at_the_given_address(
    program: Program, editor: Editor, options: tuple[str, ...], serve_at: tuple[str | None, int | None] | None
) -> None:
    program.out("tui", *options)
    assert editor.served_at == serve_at


def test_only_the_default_vault_is_created_at_first_use(
    tmp_path: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("CRDTNOTES_VAULT", raising=False)
    monkeypatch.delenv("CRDTNOTES_HOME")
    result = CliRunner().invoke(tui.tui, [])
    assert result.exit_code == 0, result.output
    ((path, _, device),) = editor.calls
    assert path.name == "vault.crdtnotes"
    assert device


def test_without_a_terminal_it_says_so(program: Program) -> None:
    assert program.fails("tui") == "The editor needs a terminal."


def test_without_an_editor_it_says_so(
    program: Program, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tui, "entry_points", lambda group: [])
    assert program.fails("tui") == "No editor for crdtnotes is installed."


def test_the_editor_is_installed_as_an_entry_point() -> None:
    (found,) = entry_points(group=GROUP)
    assert found.value == "crdtnotes_tui.launch:run"
