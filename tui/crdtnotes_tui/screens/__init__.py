"""The main screen, and the screens that open above it.

``main``            where notes are written
``list_actions``    keys that open lists and panels
``peer_actions``    keys about peers
``pairing``         showing a code, giving one, where peers can connect
``picker``          a list to choose from while typing
``switcher``        opens or makes a note
``search``          searches all notes
``headings``        goes to a heading
``list_pickers``    tags, orphans, dangling links, templates
``recent_changes``  what came in
``key_help``        all keys
``prompt``          asks for one line
``modal``           a screen that gives one answer, once
"""
