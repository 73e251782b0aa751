import pytest

from crdtnotes.errors import InvalidText
from crdtnotes.mirror.encodings import checked_encoding, text_of

CHINESE = "# 分布式系统\n\n见 CAP定理，一致性、可用性与分区容忍性。\n"
GERMAN = "# Größe\n\nÄpfel für Müller, naïve Cafés.\n"
ENGLISH = "# Title\n\nplain text\n"


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (ENGLISH, "utf-16", "UTF-16"),
        (ENGLISH, "utf-16-le", "UTF-16-LE"),
        (ENGLISH, "utf-16-be", "UTF-16-BE"),
        (CHINESE, "utf-16", "UTF-16"),
        (CHINESE, "utf-16-le", "UTF-16-LE"),
        (CHINESE, "utf-16-be", "UTF-16-BE"),
        (CHINESE, "utf-32", "UTF-32"),
        (CHINESE, "gb18030", "GB18030"),
        ("中文", "gb18030", "GB18030"),
        (GERMAN, "latin-1", "Latin-1"),
        ("Größe", "latin-1", "Latin-1"),
        ("„Größe“ – 5 €", "windows-1252", "Windows-1252"),
    ],
)
def test_other_encodings_are_named_and_converted(text: str, encoding: str, named: str) -> None:
    data = text.encode(encoding)
    with pytest.raises(InvalidText, match=rf"^It is not UTF-8 text. It looks like {named}: ") as raised:
        text_of(data)
    option = str(raised.value).split("--encoding ")[1].split()[0]
    assert text_of(data, checked_encoding(option)) == text


@pytest.mark.parametrize("data", [b"\xff\x00\x01\x02", b"\x89PNG\r\n\x1a\n", b"\xed\xa0\x80\x01"])
def test_what_is_no_text_has_no_encoding(data: bytes) -> None:
    with pytest.raises(InvalidText, match=r"^It is not UTF-8 text\.$"):
        text_of(data)


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "a\x00b\x1b[0m\x7f", "\ufeffx", CHINESE, "ab\x00c", "\ufffe\uffff", "中\x00"],
)
def test_utf_8_stays_utf_8(text: str) -> None:
    assert text_of(text.encode(), "gb18030") == text


def test_bytes_that_do_not_fit() -> None:
    with pytest.raises(InvalidText, match="neither UTF-8 nor ascii"):
        text_of("中文".encode("gb18030"), "ascii")
    for name in ("nonsense", "base64", "x\x00"):
        with pytest.raises(InvalidText, match="There is no encoding"):
            checked_encoding(name)
