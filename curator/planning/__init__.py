"""`curator plan`: what to do with a dataset when it is clean, each piece of advice with its source."""
