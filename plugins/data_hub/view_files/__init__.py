"""Views that users write: a file each, with one query in a subset of SQL on which Spark and Athena agree."""
