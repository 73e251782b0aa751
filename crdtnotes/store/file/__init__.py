"""The SQLite file of a replica.

``header``    the numbers that identify a file as ours
``schema``    its tables, and the migrations from one schema to the next
``database``  opening and creating it, transactions, converting SQLite's errors to ours
"""
