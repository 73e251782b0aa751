"""The vault as the editor uses it.

``vault_thread``   the vault, on a thread of its own
``result_cache``   results of slow queries, cached so that a list opens at once
``unsaved_files``  files for texts that the vault could not store yet
``read_marker``    the version that this person has seen so far
"""
