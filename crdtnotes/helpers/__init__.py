"""Other processes that take work off this one where there is a core to spare.

They are given all that they need and give back what they made of it; none opens a vault. Whoever starts one
can do without it: it may not start, and it may die.

``process``   starting and ending a helper
``pipes``     messages between a process and its helpers
``indexer``   a helper that builds the search index
``outliner``  a helper that looks for links in texts
"""
