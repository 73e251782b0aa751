"""Forks: two versions of one change, after a replica was copied or restored.

``split``    divides a log into the changes that stay and the changes that move to new streams
``winners``  remembers which version won at each place, with its proof
``forks``    applies both to a replica
"""
