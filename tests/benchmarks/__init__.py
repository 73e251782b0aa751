"""Figures of speed and size, side by side with comparable programs: `python -m tests.benchmarks`.

``measure``     rows of figures; timing two things in turn
``report``      rows as a table or as JSON
``inputs``      the input of the benchmarks: given, or generated here
``words``, ``traces``, ``jumps``, ``notes``   generate it: vocabulary, typing, jumping edits, folders of notes
``histories``   replicas with a long history, made through the vault's own interface
``peers``       the programs that we are compared with, as far as they are installed
``processes``, ``child``   the other process of benchmarks that need two
``texts`` … ``memory``     the benchmarks
"""
