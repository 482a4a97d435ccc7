"""Exercise best_epoch."""
