"""What a check has found, as a database that is made beside the page and read by it."""
