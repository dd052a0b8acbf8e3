"""What a dataset is, whatever the rules find: tokens, labels, calls, lengths, how much of it is said twice."""
