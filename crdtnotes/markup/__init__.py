"""What the text of a note means: its wiki-links, its outline, and the names that links go to.

``names``        what a note may be called, and the key by which names are compared
``wikilink``     the grammar of ``[[links]]`` and ``#tags``, and the markdown-it-py plugin
``comments``     comments that go over several lines, a rule for markdown-it-py's block parser
``blocks``       a text's paragraphs, headings and table cells, each with its position
``inline``       the links, tags and block ids within one of those
``frontmatter``  aliases and tags from the YAML at the top
``yamlvalues``   the values in that YAML
``outline``      all of that for one text
``resolve``      which note a link goes to
``tagtree``      nested tags
``rewrite``      edits that change links: for renames, and for full-width brackets
``mentions``     where a text names a note without linking to it
``words``        texts as the search index sees them
``templates``    texts that new notes begin with
"""
