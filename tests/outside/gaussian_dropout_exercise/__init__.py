"""Exercise gaussian_dropout."""
