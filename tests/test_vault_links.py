"""Links as a vault shows them: in backlinks, the graph, the notes to write, and after a rename."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from crdtnotes.vault import Vault
from tests.store.oracle import check_against_new_file


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "v.db") as vault:
        yield vault
        check_against_new_file(vault, tmp_path / "again.db")


def dangling(vault: Vault) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.target, one.notes) for one in vault.dangling()]


def test_relative_targets_name_notes_in_the_folder_of_their_holder(vault: Vault) -> None:
    vault.create_note("p/a", "[[./x]] [[../o]] [[/t/u]]")
    vault.create_note("q/b", "[[./x]] [z](./x.md) [[P/X]]")
    assert dangling(vault) == [
        ("o", ("p/a",)),
        ("p/x", ("p/a", "q/b")),
        ("q/x", ("q/b",)),
        ("t/u", ("p/a",)),
    ]
    graph = vault.graph()
    assert sorted(name for name, exists in graph.nodes(data="exists") if not exists) == [
        "o",
        "p/x",
        "q/x",
        "t/u",
    ]
    assert {one.name for one in vault.note("q/b").neighbours()} == {"q/x", "P/X"}
    for name, _ in dangling(vault):
        vault.create_note(name)
    assert dangling(vault) == []


def test_files_and_addresses_are_no_notes_to_write(vault: Vault) -> None:
    note = vault.create_note("n", "![[pic.png|200]] [[f.pdf]] [[https://x.y]] ![p](q.png) [[v1.2]]")
    assert dangling(vault) == [("v1.2", ("n",))]
    assert set(vault.graph().nodes) == {"n", "v1.2"}
    assert [one.name for one in note.neighbours()] == ["v1.2"]
    assert {link.target for link in note.links()} == {"pic.png", "f.pdf", "https://x.y", "v1.2"}
    named = vault.create_note("f.pdf", "what the file says")
    assert [one.note for one in named.backlinks()] == ["n"]
    assert ("n", "f.pdf") in vault.graph().edges()


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("New", '---\nparent: "[[Old]]"\n---\n', '---\nparent: "[[New]]"\n---\n'),
        ("New", "---\nup:\n- '[[Old#h|x]]'\n---\n", "---\nup:\n- '[[New#h|x]]'\n---\n"),
        ('say "hi"', '---\nparent: "[[Old]]"\n---\n', '---\nparent: "[[say \\"hi\\"]]"\n---\n'),
        ("it's", "---\nup: '[[Old]]'\n---\n", "---\nup: '[[it''s]]'\n---\n"),
        ("a: b", "---\nup: see [[Old]], it's\n---\n", "---\nup: 'see [[a: b]], it''s'\n---\n"),
        ("a, b", "---\nup: [[Old]] # up\n---\n", "---\nup: '[[a, b]]' # up\n---\n"),
        (
            "新 名",
            "---\nup: [[Old]]\nx: [1, '[[Old]]']\n---\n",
            "---\nup: [[新 名]]\nx: [1, '[[新 名]]']\n---\n",
        ),
        ("a: b", "---\nx: |\n  [[Old]]\n---\n", "---\nx: |\n  [[a: b]]\n---\n"),
        ("it's", "---\nx: a [[Old]] b [[Old|b's]]\n---\n", "---\nx: 'a [[it''s]] b [[it''s|b''s]]'\n---\n"),
        ("C#", '---\nx: "[[Old]]"\n---\n', '---\nx: "[[C\\\\#]]"\n---\n'),
    ],
)
def test_links_in_front_matter_follow_a_rename(vault: Vault, name: str, before: str, after: str) -> None:
    old = vault.create_note("Old")
    holder = vault.create_note("n", before)
    assert {link.note for link in holder.links()} == {"Old"}
    assert {one.note for one in old.backlinks()} == {"n"}
    assert old.rename(name) == 1
    assert holder.text == after
    assert {link.note for link in holder.links()} == {name}
    yaml.safe_load(after.split("---")[1])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[x](b)", "[x](c%20d)"),
        ("[t][r] [r] [R][]\n\n[r]: b.md 'title'\n", "[t][r] [r] [R][]\n\n[r]: c%20d.md 'title'\n"),
        ("[t][r]\n\n[r]: <b.md#h>\n", "[t][r]\n\n[r]: <c d.md#h>\n"),
        ('[[b]] [t](b#h)\n\n[b]: ./b.md "B"\n', '[[b]] [t](c%20d#h)\n\n[b]: ./c%20d.md "B"\n'),
        ("%%\n[[b]]\n%%", "%%\n[[c d]]\n%%"),
    ],
)
def test_other_links_follow_a_rename(vault: Vault, before: str, after: str) -> None:
    note = vault.create_note("b")
    holder = vault.create_note("n", before)
    assert {link.note for link in holder.links()} == {"b"}
    assert {one.note for one in note.backlinks()} == {"n"}
    note.rename("c d")
    assert holder.text == after
    assert {link.note for link in holder.links()} == {"c d"}


def test_a_name_with_an_ending_needs_md_in_a_markdown_link(vault: Vault) -> None:
    note = vault.create_note("b")
    holder = vault.create_note("n", "[x](b) [y](b.md)")
    note.rename("notes.on.js")
    assert holder.text == "[x](notes.on.js.md) [y](notes.on.js.md)"
    assert {link.note for link in holder.links()} == {"notes.on.js"}
