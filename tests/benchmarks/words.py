"""Generated vocabulary and sentences, English and Chinese, with the frequencies of real words (Zipf)."""

from collections.abc import Callable
from itertools import accumulate
from random import Random

_ONSETS = [*list("bcdfghjklmnprstvw"), "br", "ch", "cl", "dr", "fl", "gr", "pl", "sh", "sp", "st", "tr"]
_VOWELS = [*list("aeiouaeio"), "ai", "ea", "ee", "oo", "ou"]
_ENDS = ["", "", *list("nrstlm"), "nd", "ng", "st", "ck"]
_SMALL = """the of and to in a is that for it as with on by this are be from or not which can an at we you if
has was but all when one each"""
_HAN = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而"
    "方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应"
    "开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命"
    "此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求"
    "老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光"
)


class Words:
    """A vocabulary that gives words and sentences; the same seed gives the same ones."""

    def __init__(self, random: Random, size: int = 3000) -> None:
        self._random = random
        self._english = _vocabulary(_SMALL.split(), lambda: _english_word(random), size)
        self._chinese = _vocabulary(
            list(_HAN[:40]), lambda: "".join(random.choices(_HAN, k=random.choice((2, 2, 2, 3, 4)))), size
        )
        self._weights = list(accumulate(1 / rank for rank in range(2, size + 2)))

    def words(self, count: int, *, chinese: bool) -> list[str]:
        """Return `count` words; frequent words occur more often."""
        vocabulary = self._chinese if chinese else self._english
        return self._random.choices(vocabulary, cum_weights=self._weights, k=count)

    def rare(self, count: int, *, chinese: bool) -> str:
        """Return a phrase of words with equal probability, as in titles."""
        vocabulary = self._chinese if chinese else self._english
        return ("" if chinese else " ").join(self._random.choices(vocabulary[40:], k=count))

    def sentence(self, *, chinese: bool) -> str:
        """Return a sentence of 4 to 18 words."""
        words = self.words(self._random.randint(4, 18), chinese=chinese)
        if chinese:
            return "".join(words) + self._random.choice("。。。，；！")
        return " ".join(words).capitalize() + self._random.choice(("." * 6) + "?!")


def _vocabulary(first: list[str], make: Callable[[], str], size: int) -> list[str]:
    found = dict.fromkeys(first)
    while len(found) < size:
        found[make()] = None
    return list(found)


def _english_word(random: Random) -> str:
    syllables = random.choice((1, 2, 2, 3, 3, 4))
    return "".join(random.choice(_ONSETS) + random.choice(_VOWELS) for _ in range(syllables)) + random.choice(
        _ENDS
    )
