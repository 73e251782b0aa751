"""Other processes that take work off this one where there is a core to spare.

They are given all that they need and give back what they made of it; none opens a vault. Whoever starts one
can do without it: it may not start, and it may die.
"""
