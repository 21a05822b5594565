"""Measures: one module per subject, each table one function of DataFrames."""
