from contextlib import redirect_stdout
from pathlib import Path

import click
import pytest

from crdtnotes import Vault
from crdtnotes.cli import review
from crdtnotes.terminal import HIDDEN
from tests.cli.program import Program
from tests.cli.test_hostile_text import EVIL
from tests.cli.test_output import Screen
from tests.review.edits import apart, keys, write
from tests.vaults import meet, replicas

MONDAY = "# Plan\non Monday, ok\n"
TUESDAY, WEDNESDAY = write("Monday", "Tuesday"), write("Monday", "Wednesday")


@pytest.fixture
def met(tmp_path: Path) -> Program:
    """The program on a vault in which two people have replaced one word."""
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY):
        return Program(tmp_path / "0.db")


def test_the_list_as_json(met: Program) -> None:
    [one] = met.json("review")
    assert one | {"key": "", "standing": 0, "other": 0} == {
        "number": 1,
        "key": "",
        "note": "A",
        "kind": "words",
        "line": 2,
        "context": met.text("A").splitlines()[1],
        "standing": 0,
        "other": 0,
        "choices": ["other", "both", "standing"],
        "seen": False,
    }
    assert {one["standing"]["text"], one["other"]["text"]} == {"Tuesday", "Wednesday"}
    assert one["standing"]["device"] is None
    assert one["standing"]["actor"] != one["other"]["actor"]
    assert one["standing"]["time"] > 1_700_000_000_000
    assert met.json("review", "A") == [one]


def test_the_list_in_a_pipe_is_tab_separated(met: Program) -> None:
    [line] = met.out("review").splitlines()
    number, note, at, kind, standing, other, context = line.split("\t")
    assert (number, note, at, kind) == ("1", "A", "2", "words")
    assert {standing, other} == {"Tuesday", "Wednesday"}
    assert context == met.text("A").splitlines()[1]


def test_nothing_to_review(program: Program) -> None:
    program.out("new", "A", "--text", "text")
    assert program.out("review") == program.out("review", "A") == ""
    assert program.json("review") == []
    assert "no note" in program.fails("review", "absent")


@pytest.mark.parametrize("option", ["--take", "--keep", "--drop"])
def test_a_number_is_settled(option: str, met: Program) -> None:
    [one] = met.json("review")
    first, other = one["standing"]["text"], one["other"]["text"]
    wanted = {"--take": other, "--keep": f"{first} / {other}", "--drop": first}
    assert met.out("review", "A", option, "1").endswith(' in "A".\n')
    assert met.text("A") == f"# Plan\non {wanted[option]}, ok\n"
    assert met.json("review") == []


def test_a_number_is_marked_as_seen(met: Program) -> None:
    before = met.text("A")
    assert met.out("review", "--seen", "1") == 'Number 1 in "A" is marked as seen.\n'
    assert met.json("review") == []
    assert [one["seen"] for one in met.json("review", "--all")] == [True]
    assert met.text("A") == before


def test_several_numbers_at_once(tmp_path: Path) -> None:
    text = "- [ ] milk\n\non Monday, ok\n"
    one = [keys((3, 1, "x")), write("Monday", "Tuesday")]
    two = [keys((3, 1, "x"), (3, 1, " ")), write("Monday", "Wednesday")]

    def do(edits: list) -> object:  # type: ignore[type-arg]
        return lambda vault: [edit(vault) for edit in edits]

    with apart(tmp_path, text, do(one), do(two)):  # type: ignore[arg-type]
        program = Program(tmp_path / "0.db")
    kinds = [found["kind"] for found in program.json("review")]
    assert kinds == ["value", "words"]
    other = program.json("review")[1]["other"]["text"]
    program.out("review", "--take", "1", "--take", "2")
    assert program.text("A") == f"- [x] milk\n\non {other}, ok\n"


def test_a_wrong_number_changes_nothing(met: Program) -> None:
    before = met.text("A")
    for arguments in (["--take", "2"], ["--take", "0"], ["--take", "1", "--seen", "1"], ["--seen", "9"]):
        assert met.run("review", *arguments).exit_code == 2
    assert met.text("A") == before
    assert len(met.json("review")) == 1


def test_a_choice_that_is_not_there_fails(tmp_path: Path) -> None:
    with apart(tmp_path, "- [ ] milk\n", keys((3, 1, "x")), keys((0, 11, ""))):
        program = Program(tmp_path / "0.db")
    assert "its choices are other" in program.fails("review", "--drop", "1")


def test_one_key_each_needs_a_terminal(met: Program) -> None:
    assert met.run("review", "--interactive").exit_code == 2
    assert met.run("review", "-i", "--json").exit_code == 2


def on_terminal(screen: Screen, vault: Vault, keys: str, monkeypatch: pytest.MonkeyPatch) -> str:
    pressed = iter(keys)
    monkeypatch.setattr(click, "getchar", lambda: next(pressed))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    with redirect_stdout(screen):
        review._go_through(vault, vault.review())
    assert not list(pressed)
    return screen.shown()


def test_one_key_takes_the_other_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, _]:
        other = one.review()[0].other.text
        shown = on_terminal(Screen(), one, "xt", monkeypatch)
        assert "Tuesday" in shown
        assert "Wednesday" in shown
        assert "A:2" in shown
        assert "this device" in shown
        assert "t take the other · k keep both · d drop the other · s seen · n next · q quit" in shown
        assert one.note("A").text == f"# Plan\non {other}, ok\n"


@pytest.mark.parametrize(("key", "left"), [("s", 0), ("n", 1), ("q", 1)])
def test_one_key_edits_nothing(key: str, left: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, _]:
        before = one.note("A").text
        on_terminal(Screen(), one, key, monkeypatch)
        assert one.note("A").text == before
        assert len(one.review()) == left


def test_hostile_texts_cannot_steer_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with apart(tmp_path, MONDAY, write("Monday", f"T{EVIL}"), write("Monday", f"W{EVIL}")) as [one, _]:
        shown = on_terminal(Screen(), one, "n", monkeypatch)
        assert not set(HIDDEN) & set(shown) - {"\x1b"}
        assert "\x1b]" not in shown
    program = Program(tmp_path / "0.db")
    for arguments in (["review"], ["review", "--json"]):
        assert not set(HIDDEN) & set(program.out(*arguments))


def test_an_edit_follows_a_moved_paragraph(tmp_path: Path) -> None:
    text = "# Plan\nwater the plants\n\nend\n"
    moving = keys((7, 17, ""), (len(text) - 17, 0, "water the plants\n"))
    with apart(tmp_path, text, moving, write("plants", "old plants")):
        program = Program(tmp_path / "0.db")
    [line] = program.out("review").splitlines()
    assert line.split("\t")[3:6] == ["moved", "water the plants", "water the old plants"]
    assert program.json("review")[0]["choices"] == ["other"]
    program.out("review", "A", "--take", "1")
    assert program.text("A") == "# Plan\n\nend\nwater the old plants\n"
    assert program.out("review") == ""
    assert program.json("check") == []


def test_two_texts_of_one_note_become_one(tmp_path: Path) -> None:
    with replicas(tmp_path) as vaults:
        for vault, text in zip(vaults, ("# A\nmilk\ntea", "# A\nmilk\nrice\ntea"), strict=True):
            vault.create_note("A", text)
        meet(*vaults)
    program = Program(tmp_path / "1.db")
    assert program.json("review", "A")[0]["kind"] == "births"
    assert "cannot be settled" in program.fails("review", "A", "--drop", "1")
    program.out("review", "--take", "1")
    assert program.text("A") == "# A\nmilk\nrice\ntea"
    assert program.out("review") == ""
    assert program.json("check") == []
