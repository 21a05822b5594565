"""Runs: the graph of tables, the phases, the record of what was done."""
