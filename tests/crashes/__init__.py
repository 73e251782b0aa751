"""Crashes for real: processes that are killed, power that is cut, disks that are full.

`python -m tests.crashes --kills 1000 --seed 7` kills more processes than the suite does.
"""
