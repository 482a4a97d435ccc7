"""Judges implementations of dropout, and says what went wrong."""
