"""Objects into tables."""
