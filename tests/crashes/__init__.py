"""Real crashes: killed processes, power cuts, full disks.

`python -m tests.crashes --kills 1000 --seed 7` kills more processes than the suite does.
"""
