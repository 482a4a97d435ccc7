"""The long experiments, and the numbers that they have saved."""
