"""The kinds of links that a note's text holds; any other kind is a relation that was set by hand."""

KIND_LINK = "link"
KIND_EMBED = "embed"
KIND_TAG = "tag"
KIND_ALIAS = "alias"
