"""Fuzzing: every decoder and the session get bytes that no honest peer would send.

`python -m tests.fuzz --frames 1000000 --seed 7` sends more of them than the suite does.
"""
