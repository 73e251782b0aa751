"""Hypothesis strategies that several folders of tests share."""

from hypothesis import strategies as st

ALPHABET = "ab cd\nXé1系统分布式笔记，。【】😀👍🏽🀄𠮷\U0010ffff\u0301\u200d"
"""ASCII, combining accents, Chinese, emoji with modifiers, astral Han, the last code point."""

texts = st.text(ALPHABET, max_size=12)
some_text = st.text(ALPHABET, min_size=1, max_size=6)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
