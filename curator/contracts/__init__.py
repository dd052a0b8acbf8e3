"""Contracts: what a known good dataset looks like, learned, kept as JSON, and held against others.

`features` describes each record, `frame` gathers that, `learning` derives what is to be expected, `contract` is the
file, `expectations` and `validating` are the only modules that import Great Expectations, `pages` writes Data Docs.
"""
