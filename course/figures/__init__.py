"""How figures look, and the larger drawings."""
