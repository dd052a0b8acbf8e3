"""Rules tried on the data with other settings, and settings written with their comments."""
