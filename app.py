"""The review page under Streamlit's own command: `streamlit run app.py -- train.jsonl`."""

import sys

import streamlit as st

from curator.cli.review import from_arguments
from curator.review import serving

serving.use(from_arguments(sys.argv[1:]))
app = st.App(serving.SCRIPT, middleware=serving.middleware())  # `streamlit run` finds it by reading this file
