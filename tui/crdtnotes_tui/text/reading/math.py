"""LaTeX as Unicode, as far as it can be read that way; else the LaTeX as it is written."""

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text

MAX_LENGTH = 2000
"""Longer mathematics is shown as written."""

_ABOVE = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθικφχ′",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᶥᶲᵠᵡ′",
        strict=True,
    )
)
_BELOW = dict(
    zip("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True)
)
_SCRIPT = re.compile(r"\s*(?<!\\)([\^_])\s*(?:\{([^{}]*)\}|(\\[a-zA-Z]+)|([^\s{}\\^_]))")
_MACRO = re.compile(r"\\([a-zA-Z]+)")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_SIMPLE = re.compile(r"\s*\\?\w+\s*")
_MACRO_END = re.compile(r"\\[a-zA-Z]+$")
_DROPPED = re.compile(r"\\(?:left|right|[bB]igg?[lr]?|limits|nolimits|displaystyle|textstyle)(?![a-zA-Z])\.?")
_SPACE = re.compile(r"\\[,;:!]")
_PRIMES = re.compile(r"'+")


@lru_cache(512)
def as_unicode(latex: str) -> str:
    """Return mathematics as Unicode text; LaTeX that cannot be shown in a line is returned unchanged."""
    source = latex.strip()
    if len(source) > MAX_LENGTH or r"\begin" in source or r"\\" in source:
        return source
    plain = _PRIMES.sub(lambda primes: "′" * len(primes[0]), _SPACE.sub(" ", _DROPPED.sub("", source)))
    if any(not _known(macro) for macro in _MACRO.findall(plain)):
        return source
    # The innermost scripts come first; those around them then contain no braces any more.
    for _ in range(8):
        plain, fractions = _FRACTION.subn(_fraction, plain)
        plain, scripts = _SCRIPT.subn(_script, plain)
        if not fractions and not scripts:
            break
    shown = _text(plain)
    return source if shown is None or re.search(r"[\\{}]", shown) else shown


def _fraction(found: re.Match[str]) -> str:
    return "/".join(part if _SIMPLE.fullmatch(part) else f"({part})" for part in found.groups())


def _script(found: re.Match[str]) -> str:
    raised = found[1] == "^"
    inner = found[2] if found[2] is not None else found[3] or found[4]
    if raised and inner.strip() in (r"\circ", "∘"):
        return "°"
    text = _text(inner)
    if text is None:
        return found[0].replace("^", "\ue000").replace("_", "\ue001")
    table = _ABOVE if raised else _BELOW
    letters = text.replace(" ", "").replace("−", "-")
    if letters and all(letter in table for letter in letters):
        # A macro in front must end there: Python takes a raised letter for a letter, too.
        lead = "{}" if _MACRO_END.search(found.string, 0, found.start()) else ""
        return lead + "".join(table[letter] for letter in letters)
    # The marks stay out of reach of the next round, and become `^` and `_` at the end.
    mark = "\ue000" if raised else "\ue001"
    return f"{mark}{text}" if len(text) == 1 else f"{mark}({text})"


@cache
def _converter() -> "LatexNodes2Text":
    from pylatexenc.latex2text import LatexNodes2Text

    return LatexNodes2Text(math_mode="text", keep_comments=True)


@cache
def _known(macro: str) -> bool:
    from pylatexenc.latex2text import get_default_latex_context_db

    return get_default_latex_context_db().get_macro_spec(macro) is not None


def _text(latex: str) -> str | None:
    from pylatexenc.latexwalker import LatexWalkerError

    if not re.search(r"[\\{}~&#%$]", latex):
        return latex.replace("\ue000", "^").replace("\ue001", "_")
    try:
        text = str(_converter().latex_to_text(f"${latex}$", tolerant_parsing=False))
    except LatexWalkerError:
        return None
    return re.sub(r"\s+", " ", text.replace("\ue000", "^").replace("\ue001", "_")).strip()
