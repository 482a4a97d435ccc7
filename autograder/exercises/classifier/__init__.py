"""Exercise classifier."""
