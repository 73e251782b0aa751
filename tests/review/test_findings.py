"""What people wrote apart and what met is found, on every replica alike, until somebody settles it."""

from pathlib import Path
from typing import NamedTuple

import pytest

from crdtnotes import Choice, Finding, Vault
from tests.review.edits import Edit, after, apart, keys, remove, rename, write
from tests.vaults import meet

MILK = "- [ ] milk\n- [ ] tea\n"
FRONT = "---\nstatus: open\n---\n"
ALL = {Choice.OTHER, Choice.BOTH, Choice.STANDING}


class Case(NamedTuple):
    """What two people do, what is found, and the texts that each choice may lead to."""

    text: str
    first: Edit
    second: Edit
    kind: str
    versions: set[str]
    context: set[str]
    settled: dict[Choice, set[str]]


def either(text: str, *words: str) -> set[str]:
    return {text.replace("?", word) for word in words}


CASES = {
    "one ticks, one ticks and unticks": Case(
        MILK,
        keys((3, 1, "x")),
        keys((3, 1, "x"), (3, 1, " ")),
        "value",
        {" ", "x"},
        {"- [ ] milk"},
        {Choice.OTHER: {MILK.replace("[ ]", "[x]", 1)}, Choice.STANDING: {MILK}},
    ),
    "one ticks, one deletes the line": Case(
        MILK,
        keys((3, 1, "x")),
        keys((0, 11, "")),
        "deleted value",
        {"", "x"},
        {"- [x] milk"},
        {Choice.OTHER: {MILK.replace("[ ]", "[x]", 1)}},
    ),
    "one deletes the line, one ticks": Case(
        MILK,
        write("- [ ] milk\n", ""),
        write("[ ] m", "[x] m"),
        "deleted value",
        {"", "x"},
        {"- [x] milk"},
        {Choice.OTHER: {MILK.replace("[ ]", "[x]", 1)}},
    ),
    "one scalar, two values": Case(
        FRONT,
        write("open", "done"),
        write("open", "closed"),
        "value",
        {"done", "closed"},
        {"status: done", "status: closed"},
        {
            Choice.OTHER: either("---\nstatus: ?\n---\n", "done", "closed"),
            Choice.STANDING: either("---\nstatus: ?\n---\n", "done", "closed"),
            Choice.BOTH: either("---\nstatus: ?\n---\n", "done, closed", "closed, done"),
        },
    ),
    "两个值": Case(
        "---\n状态: 未完\n---\n",
        write("未完", "完成"),
        write("未完", "取消"),
        "value",
        {"完成", "取消"},
        {"状态: 完成", "状态: 取消"},
        {
            Choice.OTHER: either("---\n状态: ?\n---\n", "完成", "取消"),
            Choice.STANDING: either("---\n状态: ?\n---\n", "完成", "取消"),
            Choice.BOTH: either("---\n状态: ?\n---\n", "完成, 取消", "取消, 完成"),
        },
    ),
    "one sets a scalar, one deletes its line": Case(
        FRONT,
        write("open", "done"),
        write("status: open\n", ""),
        "deleted value",
        {"done", ""},
        {"status: done"},
        {Choice.OTHER: {"---\nstatus: done\n---\n"}},
    ),
    "both import, one deletes the new line": Case(
        "one\n",
        write("one\n", "one\ntwo\n"),
        after(write("one\n", "one\ntwo\n"), write("two\n", "")),
        "addition",
        {"", "two\n"},
        {"two"},
        {Choice.OTHER: {"one\ntwo\n"}},
    ),
    "both import, one deletes a new word": Case(
        "one\n",
        write("one\n", "one\nbig two\n"),
        after(write("one\n", "one\nbig two\n"), write("big ", "")),
        "addition",
        {"", "big "},
        {"big "},
        {Choice.OTHER: {"one\nbig two\n"}},
    ),
    "two words for one, by writes": Case(
        "on Monday, ok\n",
        write("Monday", "Tuesday"),
        write("Monday", "Wednesday"),
        "words",
        {"Tuesday", "Wednesday"},
        either("on ?, ok", "TuesdayWednesday", "WednesdayTuesday"),
        {
            Choice.OTHER: either("on ?, ok\n", "Tuesday", "Wednesday"),
            Choice.STANDING: either("on ?, ok\n", "Tuesday", "Wednesday"),
            Choice.BOTH: either("on ?, ok\n", "Tuesday / Wednesday", "Wednesday / Tuesday"),
        },
    ),
    "two words for one, key by key": Case(
        "on Monday, ok\n",
        keys(*((8 - i, 1, "") for i in range(6)), *((3 + i, 0, key) for i, key in enumerate("Tuesday"))),
        keys((3, 6, "W"), *((4 + i, 0, key) for i, key in enumerate("ednesday"))),
        "words",
        {"Tuesday", "Wednesday"},
        either("on ?, ok", "TuesdayWednesday", "WednesdayTuesday"),
        {
            Choice.OTHER: either("on ?, ok\n", "Tuesday", "Wednesday"),
            Choice.STANDING: either("on ?, ok\n", "Tuesday", "Wednesday"),
            Choice.BOTH: either("on ?, ok\n", "Tuesday / Wednesday", "Wednesday / Tuesday"),
        },
    ),
    "two headings for one": Case(
        "# Old\ntext\n",
        write("# Old", "# New title"),
        write("# Old", "# Other thing"),
        "words",
        {"# New title\n", "# Other thing\n"},
        {"# New title", "# Other thing"},
        {
            Choice.OTHER: either("# ?\ntext\n", "New title", "Other thing"),
            Choice.STANDING: either("# ?\ntext\n", "New title", "Other thing"),
        },
    ),
    "one deletes a paragraph, one writes in it": Case(
        "one\nbig dog\nend\n",
        keys((4, 8, "")),
        keys((8, 0, "red ")),
        "edited deletion",
        {"red ", ""},
        {"big red dog"},
        {Choice.OTHER: {"one\nend\n"}, Choice.BOTH: {"one\nbig red dog\nend\n"}},
    ),
    "one deletes a sentence, one replaces a word of it": Case(
        "Yes. The dog runs. No.\n",
        write("The dog runs. ", ""),
        write("dog", "cat"),
        "edited deletion",
        {"cat", ""},
        {"The cat runs. "},
        {Choice.OTHER: {"Yes. No.\n"}, Choice.BOTH: {"Yes. The cat runs. No.\n"}},
    ),
    "one deletes a line, one adds to its end": Case(
        "- Ann\n- Bob\n- Cid\n",
        write("- Bob\n", ""),
        write("- Bob", "- Bob Smith"),
        "edited deletion",
        {" Smith", ""},
        {"- Bob Smith"},
        {Choice.OTHER: {"- Ann\n- Cid\n"}, Choice.BOTH: {"- Ann\n- Bob Smith\n- Cid\n"}},
    ),
    "one deletes a line, one adds to its beginning": Case(
        "Ann\nBob\nCid\n",
        keys((4, 4, "")),
        keys((4, 0, "Big ")),
        "edited deletion",
        {"Big ", ""},
        {"Big Bob"},
        {Choice.OTHER: {"Ann\nCid\n"}, Choice.BOTH: {"Ann\nBig Bob\nCid\n"}},
    ),
    "one replaces a line, one edits inside it": Case(
        "one\nbig dog\nend\n",
        keys((4, 7, "nothing left")),
        keys((8, 0, "red ")),
        "edited deletion",
        {"red ", "nothing left"},
        {"big red dog"},
        {
            Choice.OTHER: {"one\nnothing left\nend\n"},
            Choice.BOTH: {"one\nnothing leftbig red dog\nend\n"},
        },
    ),
    "one deletes the note, one edits it": Case(
        "text\n", remove, write("text", "text more"), "note", {" more", ""}, {"A"}, {Choice.OTHER: set()}
    ),
}


def texts(vault: Vault) -> list[str]:
    return [vault.note(info.name).text for info in vault.notes()]


def only(vault: Vault) -> Finding:
    [found] = vault.review()
    return found


@pytest.mark.parametrize("name", CASES)
def test_what_met_is_found_alike_on_both_replicas(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    with apart(tmp_path, case.text, case.first, case.second) as [one, two]:
        found = only(one)
        assert one.review("A") == two.review() == [found]
        assert found.kind == case.kind
        assert {found.standing.text, found.other.text} == case.versions
        assert found.context in case.context
        assert {found.standing.actor, found.other.actor} == {one.actor, two.actor}
        assert set(found.choices) >= set(case.settled)
        if found.start is not None:
            text = one.note("A").text
            assert found.line == text.count("\n", 0, found.start) + 1


@pytest.mark.parametrize(
    ("name", "choice"), [(name, choice) for name, case in CASES.items() for choice in case.settled]
)
def test_a_choice_settles_it_everywhere_even_if_both_take_it(
    name: str, choice: Choice, tmp_path: Path
) -> None:
    case = CASES[name]
    with apart(tmp_path, case.text, case.first, case.second) as vaults:
        for vault in vaults:
            vault.settle(only(vault), choice)
        meet(*vaults)
        for vault in vaults:
            assert not [one for one in vault.review() if one.kind == case.kind]
            assert set(texts(vault)) <= case.settled[choice]
            assert vault.check() == []


@pytest.mark.parametrize("name", CASES)
def test_a_choice_by_one_settles_it_for_the_other(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    for number, choice in enumerate(case.settled):
        folder = tmp_path / str(number)
        folder.mkdir()
        with apart(folder, case.text, case.first, case.second) as [one, two]:
            one.settle(only(one), choice)
            meet(one, two)
            assert one.review() == two.review() == []
            assert set(texts(two)) <= case.settled[choice]


def test_two_names_for_one_note(tmp_path: Path) -> None:
    with apart(tmp_path, "text", rename("Alpha"), rename("Beta")) as [one, two]:
        found = only(one)
        assert two.review() == [found]
        assert (found.kind, found.start) == ("name", None)
        assert [found.standing.text] == [info.name for info in one.notes()]
        assert {found.standing.text, found.other.text} == {"Alpha", "Beta"}
        for vault in (one, two):
            vault.settle(only(vault), Choice.OTHER)
        meet(one, two)
        assert [info.name for info in two.notes()] == [found.other.text]
        assert one.review() == two.review() == []


def test_the_links_that_follow_a_name_are_not_listed_besides_it(tmp_path: Path) -> None:
    with apart(tmp_path, "me: [[A]]\n", rename("Alpha"), rename("Beta")) as [one, _]:
        assert [found.kind for found in one.review()] == ["name"]


def test_keeping_the_name_settles_it_for_the_other(tmp_path: Path) -> None:
    with apart(tmp_path, "text", rename("Alpha"), rename("Beta")) as [one, two]:
        name = only(one).standing.text
        one.settle(only(one), Choice.STANDING)
        meet(one, two)
        assert one.review() == two.review() == []
        assert [info.name for info in two.notes()] == [name]


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        (MILK, keys((3, 1, "x")), keys((3, 1, "x"))),
        ("one\ntwo\nthree\n", write("one", "ONE"), write("three", "THREE")),
        ("log\n", write("log\n", "log\na\n"), write("log\n", "log\nb\n")),
        ("log\n", keys((4, 0, "tea\n")), keys((4, 0, "tea\n"))),
        ("recieve it\n", write("recieve", "receive"), write("recieve", "receive")),
        ("one\ntwo\nthree\n", write("two\n", ""), write("two\n", "")),
        ("one\ntwo\nthree\n", write("two\n", ""), write("three\n", "three\nfour\n")),
        ("one\ntwo\nthree\n", keys((4, 4, "")), keys((4, 0, "new\n"))),
        ("text\n", remove, remove),
        (FRONT, write("open", "done"), keys((16, 0, "!"))),
        ("text", rename("Alpha"), rename("Alpha")),
    ],
)
def test_what_needs_nobody_is_not_found(text: str, first: Edit, second: Edit, tmp_path: Path) -> None:
    with apart(tmp_path, text, first, second) as [one, two]:
        assert one.review() == two.review() == []


@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if case.kind in ("value", "addition", "words")]
)
def test_what_was_done_one_after_the_other_is_not_found(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    with apart(tmp_path, case.text, case.first, lambda _: None) as [one, two]:
        two.note("A").write(f"{two.note('A').text}more\n")
        assert one.review() == two.review() == []


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("one ticks, one ticks and unticks", keys((0, 11, ""))),
        ("one scalar, two values", lambda vault: vault.note("A").write("---\n---\n")),
        ("one scalar, two values", lambda vault: vault.note("A").write("---\nstatus: new\n---\n")),
        ("two words for one, by writes", lambda vault: vault.note("A").write("on Friday, ok\n")),
        ("one deletes a paragraph, one writes in it", write("red ", "")),
        ("one deletes the note, one edits it", remove),
    ],
)
def test_a_later_edit_that_replaces_or_deletes_settles_it(name: str, edit: Edit, tmp_path: Path) -> None:
    case = CASES[name]
    with apart(tmp_path, case.text, case.first, case.second) as [one, two]:
        edit(two)
        meet(one, two)
        assert one.review() == two.review() == []


def test_what_only_a_third_replica_passed_on_counts_as_seen(tmp_path: Path) -> None:
    """The second one's edit names the first one's only by way of an edit of the third, of another note."""
    with apart(tmp_path, FRONT, *[lambda _: None] * 3) as [one, two, three]:
        write("open", "done")(one)
        for batch in one.changes_since(three.version):
            three.apply(batch)
        three.create_note("other", "x")
        for batch in three.changes_since(two.version):
            two.apply(batch)
        two.note("other").write("y")
        write("done", "closed")(two)
        meet(one, two, three)
        assert one.review() == two.review() == three.review() == []


def test_of_three_texts_the_neighbours_are_found(tmp_path: Path) -> None:
    days = ("Tuesday", "Wednesday", "Friday")
    with apart(tmp_path, "on Monday, ok\n", *(write("Monday", day) for day in days)) as vaults:
        first, second = vaults[0].review()
        shown = first.standing.text + first.other.text + second.other.text
        assert first.other == second.standing
        assert vaults[0].note("A").text == f"on {shown}, ok\n"
        assert vaults[1].review() == vaults[2].review() == [first, second]
        vaults[2].settle(first, Choice.OTHER)
        vaults[0].settle(second, Choice.STANDING)
        meet(*vaults)
        assert vaults[1].review() == []
        assert vaults[1].note("A").text == f"on {first.other.text}, ok\n"


def test_two_whole_new_texts(tmp_path: Path) -> None:
    one_text, two_text = "# One\n\nall new\nhere\n", "# 二\n\n完全不同\n"
    edits = [lambda vault, text=text: vault.note("A").write(text) for text in (one_text, two_text)]
    with apart(tmp_path, "old\ntext\n", *edits) as [one, two]:
        found = only(one)
        assert found.kind == "words"
        assert {found.standing.text, found.other.text} == {one_text, two_text}
        one.settle(found, Choice.OTHER)
        meet(one, two)
        assert two.note("A").text == found.other.text


def test_a_cell_of_a_table(tmp_path: Path) -> None:
    with apart(tmp_path, "| a | 1 |\n", write("1", "2"), write("1", "3")) as [one, _]:
        found = only(one)
        assert {found.standing.text, found.other.text} == {"2", "3"}


def test_many_edits_in_a_deleted_chapter_are_one_finding(tmp_path: Path) -> None:
    lines = [f"line {number} of the chapter\n" for number in range(40)]
    text = "begin\n" + "".join(lines) + "end\n"

    def edit_each(vault: Vault) -> None:
        vault.note("A").write(text.replace("of the", "in this"))

    with apart(tmp_path, text, lambda vault: vault.note("A").write("begin\nend\n"), edit_each) as [one, two]:
        found = only(one)
        assert found.kind == "edited deletion"
        two.settle(found, Choice.OTHER)
        meet(one, two)
        assert one.note("A").text == "begin\nend\n"
        assert one.review() == []
