"""Exercise transfer."""
