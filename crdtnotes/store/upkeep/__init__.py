"""Maintenance of a replica's file.

``check``    computes everything again from the log and reports differences
``salvage``  reads the data of a damaged file that can still be proven
``backup``   copies the file; the copy writes a stream of its own
"""
