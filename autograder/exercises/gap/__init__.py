"""Exercise gap."""
