"""Views that Spark and Athena both read."""
