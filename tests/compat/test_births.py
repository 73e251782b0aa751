"""Vaults of schema 4, which had no newlines between the births of a note; see schema_4/README.md."""

import lzma
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.store.file.header import SCHEMA
from tests.compat.make_schema_4 import NOTES
from tests.vaults import fast, meet

FILES = Path(__file__).parent / "schema_4"


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Copies of the two replicas' files."""
    found = []
    for device in ("here", "there"):
        path = tmp_path / f"{device}.db"
        path.write_bytes(lzma.decompress((FILES / f"{device}.crdtnotes.xz").read_bytes()))
        found.append(path)
    return found


def test_the_update_puts_a_newline_between_births(paths: list[Path]) -> None:
    digests = set()
    for path in paths:
        with fast(Vault.open(path)) as vault:
            assert vault.check() == []
            one, other = (sorted(NOTES[name]) for name in ("open", "closed"))  # type: ignore[type-var]
            assert vault.note("open").text in ("\n".join(one), "\n".join(one[::-1]))  # type: ignore[arg-type]
            assert sorted(vault.note("closed").text.splitlines(keepends=True)) == other
            assert sorted(vault.note("edited").text.splitlines()) == ["a [[link]]", "c #tag", "more here"]
            assert vault.note("alone").text == "only here, no newline\nand more\n"
            (version,) = vault.replica.conn.execute("PRAGMA user_version").fetchone()
            assert version == SCHEMA
            assert [hit.note for hit in vault.search("there")] == ["open"]
            digests.add(vault.digest)
        with Vault.open(path) as vault:
            digests.add(vault.digest)
            assert vault.check() == []
    assert len(digests) == 1


def test_updated_replicas_go_on_together(paths: list[Path], tmp_path: Path) -> None:
    with (
        fast(Vault.open(paths[0])) as here,
        fast(Vault.open(paths[1])) as there,
        fast(Vault.create(tmp_path / "new.db", "new", here.id)) as new,
    ):
        text = here.note("open").text
        here.note("open").insert(text.index("\n---", 20) - len("title: one"), "x")
        there.note("open").write(text.replace("here", "HERE"))
        there.note("alone").append("last")
        here.note("written").append("last")
        meet(here, there, new)
        assert "HERE" in new.note("open").text
        assert here.check() == there.check() == new.check() == []


def test_a_birth_that_comes_after_the_update_gets_its_newline(paths: list[Path], tmp_path: Path) -> None:
    """Snapshots of schema 4 do not say which births there are."""
    with fast(Vault.open(paths[0])) as here, fast(Vault.create(tmp_path / "new.db", "new", here.id)) as new:
        new.create_note("alone", "made elsewhere")
        meet(here, new)
        lines = sorted(here.note("alone").text.splitlines())
        assert lines == ["and more", "made elsewhere", "only here, no newline"]
        assert here.check() == new.check() == []


def test_a_file_that_may_not_be_written_is_read_as_it_is(paths: list[Path]) -> None:
    before = paths[0].read_bytes()
    with Vault.open(paths[0], read_only=True) as vault:
        assert vault.note("alone").text == "only here, no newline\nand more\n"
        assert "ends here" in vault.note("open").text
    assert paths[0].read_bytes() == before
