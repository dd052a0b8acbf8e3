"""A record as HTML in which nothing of the data can act or hide."""
