"""Iceberg tables: their files, commits and partitions."""
