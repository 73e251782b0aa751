"""Importing a folder of Markdown files into a vault, and exporting a vault as such a folder.

``importer``   a folder's files become notes
``exporter``   notes become a folder's files
``files``      rules about files that both share
``walk``       finds the notes in a folder
``outlining``  extracts the links of many texts, on every core
"""
