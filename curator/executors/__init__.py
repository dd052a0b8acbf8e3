"""Ways to run the scan: each is one function from tasks to results, in any order."""
