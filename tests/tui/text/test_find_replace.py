from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes_tui.text.find_replace import matches, replaced
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run, until


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("Paxos paxos", "paxos", [(0, 5), (6, 11)]),
        ("Paxos paxos", "Paxos", [(0, 5)]),
        ("系统和系统", "系统", [(0, 2), (3, 5)]),
        ("caf\u00e9 cafe\u0301", "caf\u00e9", [(0, 4), (5, 10)]),
        ("caf\u00e9 cafe\u0301", "cafe\u0301", [(0, 4), (5, 10)]),
        ("a.c abc", "a.c", [(0, 3)]),
        ("aaaa", "aa", [(0, 2), (2, 4)]),
        ("a", "", []),
    ],
)
def test_matches(text: str, wanted: str, found: list[tuple[int, int]]) -> None:
    assert matches(text, wanted) == found


@pytest.mark.parametrize(
    ("text", "wanted", "replacement", "result"),
    [
        ("Paxos, PAXOS, paxos", "paxos", "raft", "Raft, RAFT, raft"),
        ("Paxos, paxos", "paxos", "Raft", "Raft, Raft"),
        ("Paxos, paxos", "Paxos", "raft", "raft, paxos"),
        ("分布式系统，系统", "系统", "網絡", "分布式網絡，網絡"),
        ("aXb", "x", "", "ab"),
        (r"a\1", "a", r"\g<0>", r"\g<0>\1"),
    ],
)
def test_replaced(text: str, wanted: str, replacement: str, result: str) -> None:
    for start, removed, new in reversed(replaced(text, wanted, replacement)):
        text = text[:start] + new + text[start + removed :]
    assert text == result


def test_replacing_one_and_then_all_in_one_step_of_undo(tmp_path: Path) -> None:
    async def main() -> None:
        text = "系统 one\nsee [[系统]] and 系统\n系统"
        async with desktop(vault_of(tmp_path / "v", n=text), "n") as workspace:
            workspace.editor.caret_to(0)
            await workspace.press("ctrl+f")
            await workspace.type("系统")
            await workspace.sees("1 of 4")
            await workspace.press("tab")
            await workspace.type("网络")
            await workspace.press("enter")
            await until(lambda: workspace.text == "网络 one\nsee [[系统]] and 系统\n系统")
            await workspace.sees("1 of 3")
            with Vault.open(workspace.path) as vault:
                vault.note("n").insert(6, "!")
            await until(lambda: "one!" in workspace.text)
            await workspace.press("alt+a")
            await until(lambda: "系统" not in workspace.text)
            await workspace.sees("3 replaced")
            await workspace.saved()
            assert workspace.stored() == "网络 one!\nsee [[网络]] and 网络\n网络"
            await workspace.press("escape", "ctrl+z")
            await until(lambda: workspace.text == "网络 one!\nsee [[系统]] and 系统\n系统")
            await workspace.press("ctrl+z")
            await until(lambda: workspace.text == "系统 one!\nsee [[系统]] and 系统\n系统")

    run(main())
