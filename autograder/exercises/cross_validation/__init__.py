"""Exercise cross_validation."""
