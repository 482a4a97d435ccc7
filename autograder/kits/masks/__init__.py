"""For exercises that draw masks, with NumPy or in a Keras layer."""
