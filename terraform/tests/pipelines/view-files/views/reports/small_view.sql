-- Branches that a report names.
SELECT id FROM branches WHERE id < 10
