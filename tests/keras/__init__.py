"""What judges Keras layers and models."""
