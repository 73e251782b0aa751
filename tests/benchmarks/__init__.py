"""Figures of speed and size, side by side with the peers: `python -m tests.benchmarks`.

``measure``     rows of figures; two things timed in turn
``report``      rows as a table or as JSON
``inputs``      what the benchmarks work on: given, or made here
``words``, ``traces``, ``jumps``, ``notes``   make it: vocabulary, typing, edits that jump, folders of notes
``histories``   replicas with a long past, made through the vault's own door
``peers``       what we are measured against, as far as it is installed
``processes``, ``child``   the other process of those that need two
``texts`` … ``memory``     the benchmarks
"""
