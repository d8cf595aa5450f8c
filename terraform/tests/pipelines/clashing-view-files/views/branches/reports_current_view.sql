-- All reports.
SELECT id FROM reports
