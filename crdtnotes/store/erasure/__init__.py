"""Erasing text for good, here and on every device that hears of it.

``find``     finds the ids of a text in a note's history
``erasing``  rewrites the log without them, and tells the other devices
"""
