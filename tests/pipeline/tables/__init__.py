"""Small modules of table functions: right ones, and one per thing that can be wrong with a graph."""
