import pytest

from crdtnotes.graph.labels import encodable, printable, printable_ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("分布式系统", "分布式系统"),
        ("tab\tand\nline\r\n", "tab and line  "),
        ("\x07\x1b[31m", "␇␛[31m"),
        ("\x7f\x85\x9b", "␡ �"),
        ("a\u2028b\u2029c", "a b c"),
        ("\ud800 \ufffe \uffff", "� � �"),
        ("\u202egpj.exe\u202c", "⇠gpj.exe⇤"),
        ("\u2066a\u2067b\u2068c\u2069", "⇢a⇠b⇿c⇤"),
        ("e\u0301\u200d😀", "e\u0301\u200d😀"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_encodable_changes_only_what_utf_8_cannot_hold() -> None:
    assert encodable("a\x07\ud800b\udfff\n") == "a\x07�b�\n"


def test_ids_stay_different() -> None:
    ids = printable_ids(["a\tb", "a b", "a\nb", "a b (2)", "c"])
    assert ids == {"a b": "a b", "a b (2)": "a b (2)", "c": "c", "a\tb": "a b (3)", "a\nb": "a b (4)"}
