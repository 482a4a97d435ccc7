"""Exercise layer."""
