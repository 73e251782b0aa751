"""Care for a replica's file.

``check``    computes everything again from the log and names what differs
``salvage``  reads what can still be proven from a damaged file
``backup``   a copy of the file that writes a stream of its own
"""
