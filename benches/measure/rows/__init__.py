"""The rows of the table, one file for each subject. Each function measures and returns rows."""
