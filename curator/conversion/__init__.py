"""`curator convert`: records of one format, or the rows of a table, as records of another.

A format's module reads a record into a `Conversation` and writes one; nothing else knows two formats. What
has no place in the target is refused, record by record, never left out in silence.
"""
