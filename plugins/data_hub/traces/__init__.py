"""From a reported number back to the line it came from."""
