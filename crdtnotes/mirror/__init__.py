"""Folders of Markdown files: importing them into a vault, and exporting a vault as one.

``importer``   a folder's files become notes
``exporter``   notes become a folder's files
``files``      what both agree on about files
``walk``       finds the notes in a folder
``outlining``  looks for the links of many texts on every core
"""
