"""CSV text to rows that keep the contract, and rejects."""
