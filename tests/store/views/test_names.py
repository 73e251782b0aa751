from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.errors import InvalidName, NoteExists
from crdtnotes.markup.names import clean_name, name_key
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_log, check_against_new_file
from tests.vaults import batch, changes, created, fast, meet, replicas, send


@given(st.text(st.sampled_from("aAéE\u0301ßſİıK. md/()2 系Ⅷ\u3000")) | st.text(), st.integers(2, 99))
def test_the_key_of_a_numbered_name_is_the_numbered_key(name: str, number: int) -> None:
    try:
        name = clean_name(name)
    except InvalidName:
        return
    assert name_key(f"{name} ({number})") == f"{name_key(name)} ({number})"


def test_names_that_compare_equal_are_one_name(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("zh/Caf\u00e9 Straße", "x")
        for same in ("zh/Cafe\u0301 Straße", "ZH/CAFÉ STRASSE", "zh/café straße.md", " zh / café straße "):
            assert vault.note(same).name == "zh/Café Straße"
            with pytest.raises(NoteExists):
                vault.create_note(same)
        assert len(vault) == 1


def shown(vault: Vault) -> dict[str, str]:
    return {info.name: vault.note(info.name).text for info in vault.notes()}


def test_colliding_names_get_the_same_numbers_in_any_order(tmp_path: Path) -> None:
    with replicas(tmp_path, 4) as vaults:
        for number, vault in enumerate(vaults):
            # The ids differ, because each note was created with a different name.
            vault.create_note(f"own {number}", f"text {number}").rename("Z" if number % 2 else "z")
        vaults[0].create_note("Z (3)", "itself three")
        everything = [data for vault in vaults for data in changes(vault)]
        seen = set()
        random = Random(1)
        for number in range(20):
            random.shuffle(everything)
            with Vault.create(tmp_path / f"p{number}.db", vault=vaults[0].id) as other:
                fast(other)
                for data in everything:
                    other.apply(batch(data))
                check_against_log(other)
                seen.add((tuple(shown(other).items()), other.digest))
        assert len(seen) == 1
        meet(*vaults)
        names = shown(vaults[0])
        assert sorted(map(str.lower, names)) == ["z", "z (2)", "z (3)", "z (4)", "z (5)"]
        assert names["Z (3)"] == "itself three"
        smallest = min(vaults[0].note(name).id for name in names if name != "Z (3)")
        assert vaults[0].note("z").id == smallest


def test_a_number_is_dropped_when_it_is_not_needed(tmp_path: Path) -> None:
    with replicas(tmp_path, 2) as [one, two]:
        one.create_note("A", "a").rename("Z")
        two.create_note("B", "b").rename("Z")
        meet(one, two)
        assert set(shown(one)) == {"Z", "Z (2)"}
        kept = one.note("Z").text
        other = one.note("Z (2)")
        two.note("Z (2)").rename("Y")
        meet(one, two)
        assert shown(one)["Z"] == kept
        assert other.name == "Y"
        one.note("Y").rename("Z (2)")
        two.create_note("C", "c").rename("Z (9)")
        meet(one, two)
        assert set(shown(two)) == {"Z", "Z (2)", "Z (9)"}
        one.note("Z").remove()
        assert set(shown(one)) == {"Z (2)", "Z (9)"}
        assert one.check() == []


def test_links_follow_a_number_that_changes(tmp_path: Path) -> None:
    with replicas(tmp_path, 2) as [one, two]:
        one.create_note("A", "a").rename("Z")
        two.create_note("B", "b").rename("Z")
        meet(one, two)
        one.create_note("holder", "[[Z]] [[Z (2)]]")
        first, second = one.note("Z").id, one.note("Z (2)").id
        targets = {link.target: link.note for link in one.note("holder").links()}
        assert targets == {"Z": "Z", "Z (2)": "Z (2)"}
        one.note("Z").remove()
        assert one.note("Z").id == second != first
        assert {link.target: link.note for link in one.note("holder").links()} == {"Z": "Z", "Z (2)": None}
        check_against_new_file(one, tmp_path / "new.db")


def test_a_former_name_is_kept_by_a_note_that_shows_a_number(tmp_path: Path) -> None:
    with replicas(tmp_path, 2) as [one, two]:
        one.create_note("A", "a").rename("Z")
        two.create_note("B", "b").rename("Z")
        meet(one, two)
        # A note that shows a number is found by its base name too, once the other note has been renamed.
        second = one.note("Z (2)")
        one.note("Z").rename("elsewhere")
        assert second.name == "Z"
        one.create_note("C", "[[A]] [[B]] [[Z]]")
        assert {link.target: link.note for link in one.note("C").links()} == {
            "A": one.note("A").name,
            "B": one.note("B").name,
            "Z": "Z",
        }
        check_against_new_file(one, tmp_path / "new.db")


def test_a_change_of_case_alone_decides_again_between_equal_names(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("a/t")
        vault.create_note("b/t")
        vault.create_note("holder", "[[t]]")
        assert vault.note("holder").links()[0].note == "a/t"
        with vault.transaction():  # without the rewriting of links
            vault._writer.rename(bytes.fromhex(vault.note("b/t").id), "B/t")
        assert vault.note("holder").links()[0].note == "B/t"
        check_against_new_file(vault, tmp_path / "new.db")


def test_the_name_of_a_birth_loses_against_any_rename(tmp_path: Path) -> None:
    with replicas(tmp_path, 2) as [one, two]:
        one.create_note("page", "text").rename("renamed")
        two.create_note("Page", "text")
        send(one, two)
        send(two, one)
        assert shown(one) == shown(two) == {"renamed": "text"}
        assert one.note("page").name == "renamed"


def test_a_stranger_may_give_a_note_the_name_of_another(tmp_path: Path) -> None:
    with replicas(tmp_path, 2) as [one, two]:
        one.create_note("by hand", "mine")
        one.apply(batch(created(one, text="theirs")))
        assert shown(one).keys() == {"by hand"}
        assert sorted(one.note("by hand").text) == sorted("mine\ntheirs")
        send(one, two)
        assert two.digest == one.digest


def test_the_stamp_changes_with_the_names_and_with_nothing_else(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("页", "---\naliases: [Cap]\n---\ntext")
        stamps = [vault.names_stamp()]
        names = vault.names()
        note.append("more [[links]] #tag")
        assert vault.names_stamp() == stamps[0]
        assert [one.name for one in vault.names()] == [one.name for one in names]
        for change in (
            lambda: note.write(note.text.replace("Cap", "CAP")),
            lambda: note.rename("书"),
            lambda: note.rename("页"),
            lambda: vault.create_note("another"),
            lambda: note.remove(),
            lambda: note.restore(),
        ):
            change()
            stamps.append(vault.names_stamp())
            assert stamps[-1] != stamps[-2]
