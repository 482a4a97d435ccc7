"""What runs behind the wall, and what is outside of it."""
