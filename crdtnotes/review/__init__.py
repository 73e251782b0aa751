"""What people wrote apart and what met, computed from a note's changes when somebody looks.

``found``        a finding before it has names and times: two versions, and the edits that settle it
``past``         the changes of a note: who wrote and deleted what, and who had seen what
``regions``      the parts of a text where something was deleted or written apart
``assignments``  values, names and whole notes: of two versions one stands
``texts``        texts that were replaced side by side, deleted unseen, or edited where others deleted them
``births``       the offer to make one text of two births of a note
``moves``        texts that somebody moved
``following``    the offer to let what others did to a moved text follow it
``joining``      one text of two that people wrote as the first text of one note
``numbering``    the offer to number a list again
``repeated``     the offer to keep each item of a list once
``notes``        all findings of one note, as a function of its state and its changes
``look``         the findings of a vault; taking a version, and remembering what was seen

A finding is never stored. It follows from the set of changes, so all replicas find the same; it disappears
when a later edit settles it whose author had seen both versions.
"""
