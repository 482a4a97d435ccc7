"""Exercise mask."""
