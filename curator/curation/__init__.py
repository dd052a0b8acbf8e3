"""Whole datasets against each other: divided, cleared of copies, compared."""
