"""Notebooks, data, studies and the set-up."""
