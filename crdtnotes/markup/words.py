"""Texts in the form that the search index gets: folded, and with spaces between all words.

Text is folded with NFKC, so full-width ＣＡＰ and CAP are the same, and so are NFC and NFD. Each CJK
character (Han, kana, Hangul) is a word.
"""

import re
import unicodedata

CJK = (  # radicals, kana, bopomofo, Hangul, Han with its extensions
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3105-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""The characters that are words by themselves, as the content of a regular expression's character class."""

_RUNS = re.compile(f"([{CJK}]+)")
# Text that NFKC leaves unchanged, except that it may turn one separator into another.
_FOLDED = re.compile(r"[\x00-\x7f\u4e00-\u9fff、。《》「」『』【】，；：！？（）“”‘’—…]*+")


def fold(text: str) -> str:
    """Return the text in the form of the index, but without the extra spaces."""
    return unicodedata.normalize("NFKC", text)


def spaced(text: str) -> str:
    """Return the folded text with spaces around its CJK characters, so that each is a word."""
    if not _FOLDED.fullmatch(text):
        text = fold(text)
    if text.isascii():
        return text
    parts = _RUNS.split(text)
    parts[1::2] = map(" ".join, parts[1::2])
    return " ".join(parts)
