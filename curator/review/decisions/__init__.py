"""What reviewers decide: the log, one record changed and linted again, all of it written."""
