"""Texts in the form that the search index gets: folded, and with spaces between all words.

Folding makes equal what people take for the same when they search:

- full-width and half-width forms, composed and decomposed characters (NFKC);
- upper and lower case in every script (full case folding: Straße and STRASSE);
- letters with and without diacritics in Latin, Greek and Cyrillic (Ёлка and елка; й is a letter of its own),
  and with and without the points of Hebrew and Arabic. The marks of other scripts are parts of letters;
- traditional and simplified Chinese characters.

Each CJK character (Han, kana, Hangul) is a word, and so is each symbol, which the index names by its code
point. ASCII symbols are not in the index: Markdown is full of them.

The index is contentless (`crdtnotes.store.views.search`): a change of what `spaced` returns needs a migration
that builds it anew.
"""

import re
import unicodedata
from functools import cache

from crdtnotes.markup.simplified import simplified

CJK = (  # radicals, kana, bopomofo, Hangul, Han with its extensions
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3105-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""The characters that are words by themselves, as the content of a regular expression's character class."""

SYMBOLS = (  # Latin-1, currencies, arrows, mathematics; geometric shapes, dingbats; more arrows; emoji
    "\xa2-\xa9\xac\xae-\xb1\xb6\xd7\xf7\u20a0-\u20cf\u2190-\u23ff\u25a0-\u27bf\u2900-\u2bff"
    "\U0001f000-\U0001f3fa\U0001f400-\U0001faff"
)
"""Symbols beyond ASCII, in the same form. Box drawing is left out: tables are made of it. The
modifiers of an emoji are no symbols: a search finds it in any colour."""

_PLAIN = "\x00-\x7f、。《》「」『』【】，；：！？（）“”‘’—…"
# With Han that is not traditional: what folding leaves as it is, but for ASCII's case, which FTS5 folds.

_MARKS = re.compile(
    "(?<!\u0438)[\u0300-\u036f]|[\u0300-\u0305\u0307-\u036f]|[\u0591-\u05c7\u064b-\u0652\u0670]"
)
# Diacritics, but for the breve (U+0306) of й, and the points of Hebrew and Arabic.

_STROKES = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"})
# Letters that no normalization form takes apart.


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of a run of CJK characters, of a symbol, and of a run that has to be folded.

    They are compiled when first needed, which takes longer than opening a vault.
    """
    traditional = sorted(code for code in simplified() if 0x4E00 <= code <= 0x9FFF)
    bounds = zip([0x4DFF, *traditional], [*traditional, 0xA000], strict=True)
    ranges = [f"{chr(before + 1)}-{chr(after - 1)}" for before, after in bounds if after - before > 1]
    return re.compile(f"([{CJK}]+)"), re.compile(f"[{SYMBOLS}]"), re.compile(f"[^{_PLAIN}{''.join(ranges)}]+")


def fold(text: str) -> str:
    """Return the text folded, in lower case."""
    return _folded(text).casefold()


def is_cjk(character: str) -> bool:
    """Whether a character stands as a word of its own."""
    return _patterns()[0].match(character) is not None


def spaced(text: str) -> str:
    """Return the folded text with spaces around its CJK characters and symbols, so that each is a word."""
    if text.isascii():
        return text
    text = _folded(text)
    if text.isascii():
        return text
    runs, symbol, _ = _patterns()
    text = symbol.sub(_named, text)
    parts = runs.split(text)
    parts[1::2] = map(" ".join, parts[1::2])
    return " ".join(parts)


def _folded(text: str) -> str:
    """Return the text folded, but for the case of ASCII letters."""
    return text if text.isascii() else _patterns()[2].sub(_fold_run, text)


def _fold_run(run: re.Match[str]) -> str:
    apart = unicodedata.normalize("NFKD", run[0].casefold())
    together = unicodedata.normalize("NFKC", _MARKS.sub("", apart))
    return together.casefold().translate(_STROKES).translate(simplified())


def _named(symbol: re.Match[str]) -> str:
    return f" u{ord(symbol[0]):x} "
