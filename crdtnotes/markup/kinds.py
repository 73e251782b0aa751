"""The kinds of links that a note's text holds; any other kind is a relation that was set by hand."""

KIND_LINK = "link"
KIND_EMBED = "embed"
KIND_TAG = "tag"
KIND_ALIAS = "alias"

LINK_RULES = 1
"""The version of the rules by which texts give links and by which links lead to notes.

It goes up with each change of these rules: then a vault derives again what follows from them (the links of
merged notes, and where links lead). The link sets that authors have recorded stay until the next edit.
"""
