"""What a team attaches to a training run: one document of a check and a profile, as HTML, Markdown or JSON."""
