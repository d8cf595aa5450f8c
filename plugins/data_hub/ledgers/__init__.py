"""What became of every object, and what is new."""
