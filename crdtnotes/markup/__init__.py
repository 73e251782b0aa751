"""The meaning of a note's text: its wiki-links, its outline, and the names that links go to.

``names``        valid names of notes, and the key by which names are compared
``kinds``        the kinds of links
``wikilink``     the grammar of ``[[links]]`` and ``#tags``, and the markdown-it-py plugin
``math``         where mathematics is in a text
``comments``     comments of several lines: a rule for markdown-it-py's block parser
``blocks``       a text's paragraphs, headings and table cells, each with its position
``inline``       the links, tags and block ids in one paragraph, heading or table cell
``frontmatter``  fields such as aliases and tags from the YAML at the top
``yamlvalues``   the values in that YAML
``yamllinks``    the wiki-links in that YAML, and how a target is written there
``outline``      all of these for one text
``places``       where in a text the heading or block is that a link names
``plain_edits``  edits of words that leave the links of a text as they are
``resolve``      which note a link goes to
``tagtree``      nested tags
``values``       task boxes and front matter scalars, which merge as a whole
``files``        targets that are no notes to write: files and addresses
``rewrite``      edits that change links: for renames, and for full-width brackets
``mentions``     places where a text mentions a note without linking to it
``words``        texts in the form that the search index gets
``simplified``   simplified Chinese characters for traditional ones
``pinyin``       finds Chinese names by the letters of their pronunciation
``templates``    texts that new notes begin with
"""
