"""A simulated world: replicas, their machines and the network between them, all derived from one seed.

`python -m tests.simulation --seeds 1000 --start 0` runs a thousand schedules.
"""
