"""Exercise classic."""
