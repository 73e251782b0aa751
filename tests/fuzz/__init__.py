"""Rubbish: every decoder and the session against bytes that nobody honest would send.

`python -m tests.fuzz --frames 1000000 --seed 7` sends more of it than the suite does.
"""
