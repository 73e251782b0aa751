"""A simulated world: replicas, their machines and the network between them, all out of one seed.

`python -m tests.simulation --seeds 1000 --start 0` runs a thousand schedules.
"""
