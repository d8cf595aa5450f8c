"""The command line of Simple Data Hub: one module for each command."""
