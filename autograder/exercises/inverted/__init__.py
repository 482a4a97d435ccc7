"""Exercise inverted."""
