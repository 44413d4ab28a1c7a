"""The rows of the table, a file a subject. Each is a function that measures and gives its rows."""
