"""Helper processes that do work for this process when there are spare cores.

They receive everything they need and return their results; none of them opens a vault. Callers must be able
to do without a helper, because it may fail to start and it may die.

``process``   starting and ending a helper
``pipes``     messages between a process and its helpers
``indexer``   a helper that builds the search index
``outliner``  a helper that extracts the links of texts
"""
