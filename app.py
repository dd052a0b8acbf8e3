"""The page in the browser: `streamlit run app.py -- train.jsonl`."""

import sys

from curator.review.page import show

show(sys.argv[1:])
