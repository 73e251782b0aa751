"""The SQLite file of a replica.

``header``    the numbers by which a file is known as ours
``schema``    its tables, and the steps from one schema to the next
``database``  opening and creating it, transactions, SQLite's errors in our words
"""
