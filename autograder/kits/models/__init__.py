"""For exercises that build a Keras model."""
