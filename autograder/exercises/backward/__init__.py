"""Exercise backward."""
