import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crdtnotes.markup.words import CJK, fold, spaced
from crdtnotes.store.views.query import match_expression, terms
from crdtnotes.vault import Vault
from tests.vaults import meet, replicas


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with Vault.create(tmp_path_factory.mktemp("search") / "v.db") as vault:
        vault.create_note("zh/关系图谱", "一段。\n\n分布式系统里的 CAP定理，\n系\n统\n")
        vault.create_note("Café", "The quick brown fox\njumps over the lazy dog_house; naïve snake_case\n")
        vault.create_note("astral", "𠮷野家 ひらがな カタカナ 한국어 ＦＵＬＬ width é\n")
        vault.create_note("fox", "nothing of the sort")
        yield vault


def found(vault: Vault, query: str) -> list[str]:
    return [hit.note for hit in vault.search(query)]


@pytest.mark.parametrize(
    ("query", "notes"),
    [
        ("系统", ["zh/关系图谱"]),
        ("布式系", ["zh/关系图谱"]),
        ("统系", []),
        ("CAP定理", ["zh/关系图谱"]),
        ("cap 定理", ["zh/关系图谱"]),
        ("ＣＡＰ定理", ["zh/关系图谱"]),
        ("图谱", ["zh/关系图谱"]),
        ("关系 分布", ["zh/关系图谱"]),
        ("Café", ["Café"]),
        (unicodedata.normalize("NFD", "Café"), ["Café"]),
        ("cafe", ["Café"]),
        ("naive", ["Café"]),
        ("qui", ["Café"]),
        ('"qui"', []),
        ('"quick brown"', ["Café"]),
        ('"brown quick"', []),
        ("“quick brown”", ["Café"]),
        ("brown quick", ["Café"]),
        ("fox quick", ["Café"]),
        ("fox", ["fox", "Café"]),
        ("case", ["Café"]),
        ("dog house", ["Café"]),
        ("𠮷", ["astral"]),
        ("野家", ["astral"]),
        ("がな", ["astral"]),
        ("カナ", ["astral"]),
        ("국어", ["astral"]),
        ("full", ["astral"]),
        ("fox nowhere", []),
        ("", []),
        ('"', []),
        ("* ^ () : - + , . 。", []),
        ("NOT fox", ["fox"]),  # words like any other: "nothing" begins with one
        ("fox OR snake", []),
        ("NEAR(fox quick)", []),
        ("name:fox", []),
        ("fox*", ["fox", "Café"]),
        ("text:", []),
        ("'fox'; DROP TABLE notes", []),
    ],
)
def test_the_notes_that_a_query_finds(vault: Vault, query: str, notes: list[str]) -> None:
    assert found(vault, query) == notes


@given(
    st.one_of(st.text(max_size=12), st.text("\"*^():-+{}[]'\\ANDORNOT系 \0\ud800\u0301", max_size=12)),
    st.integers(-5, 50),
)
@example("\ud800", 5)
@example("ｆ\u0301\u0e33", 5)
@example('"' * 500, 5)
def test_no_query_raises(vault: Vault, query: str, limit: int) -> None:
    for hit in vault.search(query, limit):
        assert hit.line >= 1


@given(st.text())
def test_an_expression_contains_only_quoted_words(query: str) -> None:
    found = terms(query)
    assert match_expression(found).count('"') == 2 * sum(term.words != "" for term in found)


def test_a_hit_is_the_line_with_most_of_the_words(vault: Vault) -> None:
    [hit] = vault.search("系统 CAP")
    assert (hit.note, hit.line, hit.snippet) == ("zh/关系图谱", 3, "分布式系统里的 CAP定理，")
    [hit] = vault.search("lazy jumps")
    assert (hit.line, hit.snippet) == (2, "jumps over the lazy dog_house; naïve snake_case")
    [hit] = vault.search("谱")
    assert hit.line == 1


def test_a_long_line_is_cut_around_the_words(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A", "长" * 500 + " needle " + "尾" * 500)
        [hit] = vault.search("needle")
        assert "needle" in hit.snippet
        assert len(hit.snippet) < 200
        assert hit.snippet[0] == hit.snippet[-1] == "…"


def test_the_best_come_first_and_no_more_than_the_limit(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        for number in range(30):
            vault.create_note(f"N{number:02}", "word " + "filler " * 20)
        vault.create_note("word", "x")
        assert found(vault, "word")[0] == "word"
        assert len(vault.search("word")) == 20
        assert len(vault.search("word", 5)) == 5
        assert vault.search("word", 0) == vault.search("word", -1) == []


def test_changed_renamed_and_deleted_notes_leave_the_index(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("Alpha", "first 系统")
        one.create_note("Beta", "second 系统")
        meet(one, two)
        for vault in (one, two):
            assert found(vault, "系统") == ["Alpha", "Beta"]
        one.note("Alpha").rename("Gamma")
        one.note("Beta").write("third")
        meet(one, two)
        for vault in (one, two):
            assert found(vault, "系统") == found(vault, "Gamma") == ["Gamma"]
            assert found(vault, "Alpha") == found(vault, "second") == []
            assert found(vault, "third") == ["Beta"]
        one.note("Gamma").remove()
        two.note("Beta").remove()
        meet(one, two)
        for vault in (one, two):
            assert found(vault, "系统") == found(vault, "third") == []
            (count,) = vault.replica.conn.execute("SELECT count(*) FROM search").fetchone()
            assert count == 0
            vault.replica.conn.execute("INSERT INTO search(search) VALUES ('integrity-check')")
        two.create_note("Beta", "back")
        assert found(two, "beta") == ["Beta"]


def test_a_note_whose_number_changes_leaves_the_index_too(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "one").rename("Z")
        two.create_note("B", "two").rename("Z")
        meet(one, two)
        assert sorted(found(one, "z")) == ["Z", "Z (2)"]
        assert found(one, '"Z (2)"') == ["Z (2)"]
        one.note("Z").remove()
        assert found(one, "z") == ["Z"]
        assert found(one, '"Z (2)"') == []


def test_a_transaction_finds_what_it_wrote(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        with vault.transaction():
            vault.create_note("A", "needle")
            assert found(vault, "needle") == ["A"]
            vault.note("A").write("thread")
            assert found(vault, "needle") == []
        assert found(vault, "thread") == ["A"]


def words_in(text: str) -> list[tuple[str, int]]:
    """The words that FTS5 finds in a text, with their positions."""
    conn = sqlite3.connect(":memory:")
    conn.execute("CREATE VIRTUAL TABLE f USING fts5(t, tokenize='unicode61 remove_diacritics 2')")
    conn.execute("CREATE VIRTUAL TABLE v USING fts5vocab(f, instance)")
    conn.execute("INSERT INTO f VALUES (?)", (text,))
    words = conn.execute("SELECT term, offset FROM v ORDER BY offset").fetchall()
    conn.close()
    return words


SAME = [
    ("Ёлка", "елка"),
    ("Straße", "STRASSE"),
    ("Ångström", "angstrom"),
    ("Łódź", "lodz"),
    ("Άλφα", "αλφα"),
    ("מִלָּה", "מלה"),
    ("مُحَمَّد", "محمد"),
    ("İstanbul", "istanbul"),
    ("ＣＡＰ", "cap"),
    ("國際化", "国际化"),
    ("裏面", "里面"),
    ("發展頭髮", "发展头发"),
    ("ﾃｽﾄ", "テスト"),
    ("ﬁne", "fine"),
    ("한국어", unicodedata.normalize("NFD", "한국어")),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_people_take_for_the_same_finds_each_other(tmp_path: Path, one: str, other: str) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("one", f"before {one} after")
        vault.create_note("other", f"before {other} after")
        assert found(vault, one) == found(vault, other) == found(vault, f'"{other}"') == ["one", "other"]
        assert [hit.line for hit in vault.search(other)] == [1, 1]


@pytest.mark.parametrize(
    ("one", "other"), [("й", "и"), ("が", "か"), ("ば", "は"), ("ที่", "ท"), ("नि", "न"), ("ø", "ö x")]
)
def test_other_letters_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)
    assert fold(unicodedata.normalize("NFD", one)) == fold(one)


@given(
    st.text(
        alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("йЁßéё國发がİ\u0301"))
    )
)
def test_folding_is_stable_and_knows_no_form(text: str) -> None:
    folded = fold(text)
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, text)) == folded
    assert words_in(spaced(folded)) == words_in(spaced(text))


@pytest.fixture(scope="module")
def symbols(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with Vault.create(tmp_path_factory.mktemp("symbols") / "v.db") as vault:
        vault.create_note("plus", "I write C++ and some C, too.\nNo more.\n")
        vault.create_note("sharp", "C# is not C; .NET is. See (C#), and `x->y`.\n")
        vault.create_note("plain", "can a car cost 50 of something\nwell known net\n")
        vault.create_note("emoji", "待办📌明天 ✅ done 👍🏽\n- [ ] a → b\n")
        vault.create_note("mail", "ana@example.org costs 50% of #budget/2026 and wellknown\nwell-known\n")
        vault.create_note("📌 pins", "nothing\n")
        yield vault


@pytest.mark.parametrize(
    ("query", "notes"),
    [
        ("C++", ["plus"]),
        ("c++", ["plus"]),
        ("Ｃ＋＋", ["plus"]),
        ("(C++),", ["plus"]),
        ('"C++ and"', ["plus"]),
        ("C++ too", ["plus"]),
        ("C++ nothing", []),
        ("C#", ["sharp"]),
        (".NET", ["sharp"]),
        ("net", ["plain", "sharp"]),
        ("->", ["sharp"]),
        ("x->y", ["sharp"]),
        ("`x", ["sharp"]),
        ("📌", ["📌 pins", "emoji"]),
        ("待办📌", ["emoji"]),
        ("📌明", ["emoji"]),
        ("✅ done", ["emoji"]),
        ("→", ["emoji"]),
        ("👍", ["emoji"]),
        ("🚀", []),
        ("[ ]", []),
        ('"[ ]"', ["emoji"]),
        ("50%", ["mail"]),
        ("50", ["mail", "plain"]),
        ("#budget", ["mail"]),
        ("#2026", []),
        ("@example", ["mail"]),
        ("well-known", ["mail", "plain"]),
        ('"well-known"', ["mail"]),
        ("- car", ["plain"]),
        ("car?", ["plain"]),
        ("+++", []),
    ],
)
def test_symbols_are_found_as_they_stand(symbols: Vault, query: str, notes: list[str]) -> None:
    assert sorted(found(symbols, query)) == sorted(notes)


def test_the_hit_of_a_symbol_is_its_line(symbols: Vault) -> None:
    assert [(hit.line, hit.snippet) for hit in symbols.search("→")] == [(2, "- [ ] a → b")]
    assert [hit.line for hit in symbols.search("C++")] == [1]


def test_a_literal_term_looks_behind_the_limit(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        for number in range(30):
            vault.create_note(f"C {number}", "C")
        vault.create_note("last", "long text about C++ " * 3)
        assert found(vault, "C++") == ["last"]
        assert len(vault.search("C", 5)) == 5


@pytest.mark.parametrize("query", ["fbsxt", "fenbushi", "fenbuShi", "fenbsxt", "xitong"])
def test_pinyin_finds_chinese_names_if_nothing_has_the_word(tmp_path: Path, query: str) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("zh/分布式系统", "\n一段")
        vault.create_note("图", "x")
        [hit] = vault.search(query)
        assert (hit.note, hit.line, hit.snippet) == ("zh/分布式系统", 2, "一段")
        vault.create_note("latin", f"the word {query}")
        assert found(vault, query) == ["latin"]
        assert found(vault, "s") == []


def test_an_index_of_an_earlier_folding_is_built_anew(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("A", "Ёлка 國 C++")
        assert found(vault, "елка") == ["A"]
    conn = sqlite3.connect(path)
    conn.execute("INSERT INTO search (search) VALUES ('delete-all')")
    former = "SELECT id, name, 'Ёлка 國 C++' FROM notes WHERE name IS NOT NULL"
    conn.execute(f"INSERT INTO search (rowid, name, text) {former}")
    conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'm009_folding'")
    conn.execute("PRAGMA user_version = 8")
    conn.commit()
    conn.close()
    with Vault.open(path) as vault:
        assert found(vault, "елка") == found(vault, "国") == ["A"]
        vault.note("A").write("nothing")
        assert found(vault, "елка") == []
        assert vault.check() == []


@given(st.text(alphabet="系统ab é\u0301ＡＢ，。：！？（）；“”‘’、《》【】—…\n１½ｶﾞ가각ﬁ②ー々〇", max_size=40))
@example("“系统”，（ＣＡＰ）…—《书》")
def test_common_punctuation_needs_no_folding(text: str) -> None:
    apart = re.sub(f"([{CJK}])", r" \1 ", unicodedata.normalize("NFKC", text))
    assert words_in(spaced(text)) == words_in(apart)


@pytest.mark.parametrize(
    ("query", "notes"),
    [
        ("C++", ["a"]),
        ('"c++"', ["a"]),
        ("Ｃ＋＋", ["a"]),
        ("C#", ["c"]),
        ('"C#" and', ["c"]),
        ("#tag", ["c"]),
        ("📌", ["b"]),
        ("→", ["b"]),
        ("table →", ["b"]),
        ("5€", ["d"]),
        ("✔", ["d"]),
        ("✔️", ["d"]),
        ("📝", ["📝 图"]),
        ("🚀", []),
        ("#", []),
        ("C+", ["a"]),
    ],
)
def test_signs_are_found_as_they_are(tmp_path: Path, query: str, notes: list[str]) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("a", "I like C++ here")
        vault.create_note("b", "see chair → table 📌 x")
        vault.create_note("c", "C# and f# #tag")
        vault.create_note("d", "plain c and 5€ ✔️ tag")
        vault.create_note("📝 图")
        assert [hit.note for hit in vault.search(query)] == notes
        assert len(vault.search("c", 2)) == 2
        assert vault.search("📌", 0) == []
