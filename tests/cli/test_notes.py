import os
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.cli.program import Program

STRANGE = "a\r\nb\rc\u2028d\x0ce\ufefff\n\n  𝕏 中文 \t"


def test_new_prints_the_name_as_stored(program: Program) -> None:
    assert program.out("new", " zh / 系统.md ") == "zh/系统\n"
    assert program.text("zh/系统") == ""


def test_new_takes_its_text_from_an_argument_a_file_or_standard_input(
    program: Program, tmp_path: Path
) -> None:
    (tmp_path / "source.txt").write_bytes(STRANGE.encode())
    program.out("new", "a", "--text", STRANGE)
    program.out("new", "b", "--file", tmp_path / "source.txt")
    program.out("new", "c", "-", stdin=STRANGE.encode())
    assert [program.text(name) for name in "abc"] == [STRANGE] * 3


def test_show_is_exact_bytes(program: Program) -> None:
    program.out("new", "a", "-", stdin=STRANGE.encode())
    assert program.run("show", "a").stdout_bytes == STRANGE.encode()


def test_new_takes_one_source(program: Program, tmp_path: Path) -> None:
    assert program.run("new", "a", "-", "--text", "x").exit_code == 2
    assert program.run("new", "a", "--file", tmp_path / "x", "--text", "x").exit_code == 2
    assert program.run("new", "a", "other").exit_code == 2
    assert program.json("list") == []


def test_new_refuses_a_name_that_is_taken(program: Program) -> None:
    program.out("new", "Ä", "--text", "mine")
    assert "already a note" in program.fails("new", "a\u0308", "--text", "other")
    assert program.text("Ä") == "mine"


@pytest.mark.parametrize(
    "name", ["", " ", "..", "a/../b", ".", "a//b", "a\x00b", "a\nb", "[[x]]", "a|b", "\udcff", "x" * 1001]
)
def test_names_that_no_note_can_have(program: Program, name: str) -> None:
    program.fails("new", name)
    program.fails("write", name, stdin="text")
    program.fails("show", name)
    program.out("new", "fine")
    program.fails("rename", "fine", name)
    assert [note["name"] for note in program.json("list")] == ["fine"]


def test_a_name_that_begins_with_a_dash(program: Program) -> None:
    program.out("new", "--", "-draft")
    assert program.out("show", "--", "-draft") == ""


@pytest.mark.parametrize(
    "command", [["show"], ["append", "x"], ["edit"], ["delete"], ["links"], ["backlinks"]]
)
def test_an_unknown_note(program: Program, command: list[str]) -> None:
    arguments = [command[0], "nobody", *command[1:]]
    assert "no note 'nobody'" in program.fails(*arguments)


def test_a_note_is_found_by_title_alias_and_other_case(linked: Program) -> None:
    for name in ("zh/CAP定理", "CAP定理", "cap", "CAP.md"):
        assert linked.text(name).endswith("![[分布式系统]]\n")


def test_input_that_is_not_utf8_changes_nothing(program: Program, tmp_path: Path) -> None:
    program.out("new", "a", "--text", "before")
    (tmp_path / "latin1").write_bytes("Größe".encode("latin-1"))
    assert "not UTF-8" in program.fails("write", "a", stdin=b"\xff\xfe")
    assert "not UTF-8" in program.fails("append", "a", "-", stdin=b"abc\xe4")
    assert "not UTF-8" in program.fails("new", "b", "-", stdin=b"\xed\xa0\x80")
    assert "byte 3" in program.fails("new", "b", "--file", tmp_path / "latin1")
    assert program.text("a") == "before"
    assert len(program.json("list")) == 1


def test_files_that_cannot_be_read(program: Program, tmp_path: Path) -> None:
    program.fails("new", "a", "--file", tmp_path / "missing")
    program.fails("new", "a", "--file", tmp_path)
    assert program.json("list") == []


def test_a_text_argument_with_half_a_surrogate_pair(program: Program) -> None:
    assert "surrogate" in program.fails("new", "a", "--text", "\udcff")


def test_write_replaces_or_creates(program: Program) -> None:
    assert program.out("write", "a", stdin="one\ntwo\n") == ""
    program.out("write", "a", stdin="one\r\nthree\n")
    assert program.text("a") == "one\r\nthree\n"
    program.out("write", "a", stdin="")
    assert program.text("a") == ""


def test_append_adds_lines(program: Program) -> None:
    program.out("new", "a", "--text", "one")
    program.out("append", "a", "- two")
    program.out("append", "a", "three\n")
    program.out("append", "a", "-", stdin="four\nfive")
    program.out("append", "a", "--", "--six")
    assert program.text("a") == "one\n- two\nthree\nfour\nfive\n--six\n"


def test_append_still_accepts_its_options(program: Program) -> None:
    assert program.run("append", "a", "--nonsense").exit_code == 2
    assert program.run("append", "--help").exit_code == 0


def test_today(program: Program) -> None:
    program.out("new", "templates/daily", "--text", "# {{date}}\n\n## Done\n")
    name = program.out("today").strip()
    assert date.fromisoformat(name).isoformat() == name
    assert program.text(name) == f"# {name}\n\n## Done\n"
    assert program.out("today", "- met Lin").strip() == name
    assert program.out("today", "-", stdin="- and Bo\n").strip() == name
    assert program.text(name) == f"# {name}\n\n## Done\n- met Lin\n- and Bo\n"


def test_rename_says_how_many_notes_were_rewritten(linked: Program) -> None:
    out = linked.out("rename", "分布式系统", "zh/系统")
    assert out == 'Renamed "zh/分布式系统" to "zh/系统"; links were rewritten in 1 note.\n'
    assert "![[系统]]" in linked.text("CAP")
    assert linked.text("分布式系统") == linked.text("zh/系统")


def test_rename_to_a_name_that_is_taken(linked: Program) -> None:
    assert "already a note" in linked.fails("rename", "alone", "ZH/cap定理")


def test_delete(linked: Program) -> None:
    assert linked.out("delete", "CAP") == 'Deleted "zh/CAP定理".\n'
    linked.fails("show", "CAP")
    assert len(linked.json("list")) == 2


def said(program: Program, name: str, text: str, *options: str | Path) -> str:
    """Write to a note; return what is said about it."""
    result = program.run("write", name, *options, stdin=text)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    return result.stderr


def test_write_says_which_note_it_wrote_to(program: Program) -> None:
    assert said(program, "d/todo", "one\n") == 'Created "d/todo".\n'
    assert said(program, "todo", "two\n") == 'Wrote to "d/todo".\n'
    program.out("new", "n", "--text", "---\naliases: [P]\n---\n")
    assert said(program, "p", "two\n") == 'Wrote to "n".\n'


def test_write_follows_no_former_name(program: Program) -> None:
    program.out("new", "d/todo", "--text", "one\n")
    program.out("rename", "todo", "d/done")
    for name in ("todo", "d/todo", "D/Todo.md"):
        sentence = program.fails("write", name, stdin="X")
        assert 'a former name of "d/done"' in sentence
    assert program.text("d/done") == "one\n"
    program.out("new", "todo", "-", stdin="new\n")
    assert said(program, "todo", "newer\n") == 'Wrote to "todo".\n'
    assert said(program, "done", "two\n") == 'Wrote to "d/done".\n'


@pytest.mark.parametrize("by", ["file", "digest"])
def test_write_with_a_base_keeps_what_was_written_since(program: Program, tmp_path: Path, by: str) -> None:
    program.out("new", "n", "--text", "- b\n- a\n")
    shown = tmp_path / "shown.md"
    shown.write_bytes(program.run("show", "n").stdout_bytes)
    digest = program.out("show", "n", "--digest").strip()
    program.out("append", "n", "- from elsewhere")
    program.out("append", "n", "- and more")
    base = shown if by == "file" else digest
    assert said(program, "n", "- a\n- b\n", "--base", base) == 'Wrote to "n".\n'
    assert set(program.text("n").splitlines()) == {"- a", "- b", "- from elsewhere", "- and more"}
    assert program.text("n").endswith("- from elsewhere\n- and more\n")


def test_a_base_that_is_nothing(program: Program) -> None:
    program.out("new", "n", "--text", "one\n")
    for base in ("nowhere.md", "0" * 20 + "-4", "../\x1b"):
        assert "neither a file nor the digest" in program.fails("write", "n", "--base", base, stdin="X")
    assert program.text("n") == "one\n"


def test_write_warns_if_the_note_changed_since_it_was_shown(program: Program) -> None:
    program.out("new", "n", "--text", "one\n")
    assert said(program, "n", "two\n") == 'Wrote to "n".\n'  # it was never shown
    program.out("show", "n")
    assert said(program, "n", "three\n") == 'Wrote to "n".\n'
    assert said(program, "n", "four\n") == 'Wrote to "n".\n'
    program.out("append", "n", "from elsewhere")
    warning = said(program, "n", "five\n")
    assert warning.startswith("Warning: the note was changed after it was last shown here")
    assert warning.endswith('Wrote to "n".\n')
    # What it says undoes the loss.
    digest = warning.split("--base ")[1].split("`")[0]
    program.out("write", "n", stdin="four\nfrom elsewhere\n")
    assert said(program, "n", "five\n", "--base", digest) == 'Wrote to "n".\n'
    assert set(program.text("n").split("\n")) == {"five", "from elsewhere", ""}


def test_a_state_folder_that_cannot_be_used_warns_nobody(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    program.out("new", "n", "--text", "one\n")
    monkeypatch.setenv("CRDTNOTES_STATE", str(tmp_path / "file"))
    program.out("show", "n")
    program.out("append", "n", "two")
    assert said(program, "n", "three\n") == 'Wrote to "n".\n'


@pytest.mark.parametrize(
    ("before", "line", "after"),
    [
        ("one\r\n", "two", "one\r\ntwo\r\n"),
        ("one\r\ntwo", "three\nfour", "one\r\ntwo\r\nthree\r\nfour\r\n"),
        ("one\r\n", "two\r\n", "one\r\ntwo\r\n"),
        ("one\r\ntwo\n", "three", "one\r\ntwo\nthree\n"),
        ("one", "two", "one\ntwo\n"),
        ("", "two", "two\n"),
        ("one\r", "two", "one\r\ntwo\n"),
    ],
)
def test_append_uses_the_line_end_of_the_note(program: Program, before: str, line: str, after: str) -> None:
    program.out("new", "n", "-", stdin=before.encode())
    program.out("append", "n", "-", stdin=line.encode())
    assert program.text("n") == after


# -- edit

APPENDS = "import sys; open(sys.argv[1], 'ab').write(b'from the editor\\n')"


def editor(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Use a Python script as the editor; it finds the file's path in sys.argv[1]."""
    script = folder / "editor.py"
    script.write_text(code, encoding="utf-8")
    monkeypatch.setenv("VISUAL", f'"{sys.executable}" "{script}"')
    (folder / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder / "tmp"))


def test_edit_stores_what_the_editor_saved(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(monkeypatch, tmp_path, APPENDS)
    program.out("new", "a", "--text", "one\r\n")
    program.out("edit", "a")
    assert program.text("a") == "one\r\nfrom the editor\n"
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_an_edited_note_is_in_a_private_folder(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    code = (
        "import sys, pathlib\n"
        "path = pathlib.Path(sys.argv[1])\n"
        f"pathlib.Path({str(seen)!r}).write_text(f'{{path.parent.stat().st_mode & 0o777:o}}')\n"
        "path.with_name('note.md~').write_text('a copy')\n"
    )
    editor(monkeypatch, tmp_path, code)
    program.out("new", "a", "--text", "text")
    program.out("edit", "a")
    assert seen.read_text() == "700"
    assert list((tmp_path / "tmp").iterdir()) == []


def test_edit_keeps_what_others_wrote_meanwhile(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.out("new", "a", "--text", "one\ntwo\nthree\n")
    meanwhile = (
        "import sys, pathlib\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "from crdtnotes import Vault\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "path.write_text(path.read_text().replace('two', 'TWO'))\n"
        f"with Vault.open({str(program.path)!r}) as vault:\n"
        "    vault.note('a').write('zero\\none\\ntwo\\n')\n"
        "    vault.note('a').append('four')\n"
    )
    editor(monkeypatch, tmp_path, meanwhile)
    program.out("edit", "a")
    assert program.text("a") == "zero\none\nTWO\nfour\n"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (f"{APPENDS}\nsys.exit(1)", "Editing failed"),
        ("import sys; open(sys.argv[1], 'wb').write(b'\\xff')", "not UTF-8"),
    ],
)
def test_edit_keeps_the_file_when_it_fails(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    editor(monkeypatch, tmp_path, code)
    program.out("new", "a", "--text", "before")
    sentence = program.fails("edit", "a")
    (kept,) = (tmp_path / "tmp").glob("*/*.md")
    assert reason in sentence
    assert str(kept) in sentence
    assert kept.read_bytes() in (b"beforefrom the editor\n", b"\xff")
    assert program.text("a") == "before"


def test_edit_keeps_the_file_when_the_note_has_gone(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deletes = (
        f"import sys\nsys.path[:0] = {sys.path!r}\nfrom crdtnotes import Vault\n"
        f"with Vault.open({str(program.path)!r}) as vault:\n    vault.note('a').remove()\n{APPENDS}"
    )
    editor(monkeypatch, tmp_path, deletes)
    program.out("new", "a", "--text", "before\n")
    sentence = program.fails("edit", "a")
    (kept,) = (tmp_path / "tmp").glob("*/*.md")
    assert str(kept) in sentence
    assert kept.read_text() == "before\nfrom the editor\n"


@pytest.mark.parametrize(
    ("answer", "text"), [(True, ""), (False, "before\n"), (None, "")], ids=["yes", "no", "no terminal"]
)
def test_an_edit_that_empties_a_note_asks_on_a_terminal(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bool | None, text: str
) -> None:
    editor(monkeypatch, tmp_path, "import sys; open(sys.argv[1], 'wb').close()")
    program.out("new", "a", "--text", "before\n")
    asked: list[str] = []

    def confirm(question: str, *, err: bool) -> bool:
        asked.append(question)
        return answer is True

    if answer is not None:
        monkeypatch.setattr("click.confirm", confirm)
        monkeypatch.setattr("crdtnotes.cli.notes._is_asked_on_terminal", lambda: True)
    program.out("edit", "a")
    assert asked == ([] if answer is None else ['Delete all of the text of "a"?'])
    assert program.text("a") == text
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "import os, sys; os.remove(sys.argv[1])"])
def test_an_edit_without_a_result_leaves_no_file(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    editor(monkeypatch, tmp_path, code)
    program.out("new", "a", "--text", "before")
    program.fails("edit", "a")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert program.text("a") == "before"


def test_a_missing_editor(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor-anywhere")
    program.out("new", "a")
    assert "Editing failed" in program.fails("edit", "a")


def test_new_from_a_template(program: Program) -> None:
    program.out("new", "templates/meeting", "--text", "# {{title}}\n")
    program.out("new", "work/Lin", "--template", "meeting")
    assert program.out("show", "Lin") == "# Lin\n"
    assert program.run("new", "x", "--template", "meeting", "--text", "y").exit_code == 2
    assert "There is no template 'none'." in program.run("new", "x", "--template", "none").stderr


def test_show_prints_a_section_or_a_block(program: Program) -> None:
    program.out("new", "n", "--text", "# One\na\n## Two: the sub\nb\n\nc ^id\n# Three\nd\n")
    program.out("new", "C# notes", "--text", "sharp\n# H\nx\n")
    assert program.out("show", "n#two the sub") == "## Two: the sub\nb\n\nc ^id"
    assert program.out("show", "n#One#Two the sub") == "## Two: the sub\nb\n\nc ^id"
    assert program.out("show", "n#three") == "# Three\nd\n"
    assert program.out("show", "n#^ID") == "c ^id"
    assert program.out("show", "C# notes") == "sharp\n# H\nx\n"
    assert program.out("show", "C\\# notes#h") == "# H\nx\n"
    assert "no heading 'Four'" in program.fails("show", "n#Four")
    assert "no block '^x'" in program.fails("show", "n#^x")
    assert "no note 'm'" in program.fails("show", "m#Four")


def test_rename_takes_a_folder(program: Program) -> None:
    program.out("new", "papers/a", "--text", "[[./b]]")
    program.out("new", "papers/b", "--text", "[[papers/a]]")
    program.out("new", "x/papers", "--text", "[[papers/b]]")
    told = program.out("rename", "papers", "articles")
    assert told == "Renamed 2 notes; links were rewritten in 2 notes.\n"
    assert program.text("x/papers") == "[[articles/b]]"
    program.out("new", "articles")
    assert 'Renamed "articles"' in program.out("rename", "articles", "note")
    program.out("rename", "articles/", "papers/")
    assert [one["name"] for one in program.json("list")] == ["note", "papers/a", "papers/b", "x/papers"]


def test_a_name_that_other_programs_cannot_link_to_is_warned_of(program: Program) -> None:
    program.out("new", "b", "--text", "x")
    program.out("new", "n", "--text", "[[b]]")
    assert "Obsidian cannot link" in program.run("rename", "b", "b #1").stderr
    assert program.text("n") == "[[b \\#1]]"
    assert "contains ^ [ ]" in program.run("new", "a^[x]").stderr
    assert program.run("new", "plain name").stderr == ""


def test_front_matter_that_is_not_yaml_is_warned_of_and_read(program: Program) -> None:
    text = "---\ntitle: Paxos: made simple\naliases: [P]\ntags: x\n---\n"
    told = program.run("new", "n", "-", stdin=text.encode()).stderr
    assert "Line 2" in told
    assert "title: Paxos: made simple" in told
    assert program.out("show", "P") == text
    assert program.json("tags") == [{"tag": "x", "notes": 1}]
    assert "Line 3" in program.run("write", "n", stdin=b"---\ntags: y\nt: a: b\n---\n").stderr
    assert program.run("write", "n", stdin=b"---\ntags: y\n---\nt: a: b\n").stderr == 'Wrote to "n".\n'
