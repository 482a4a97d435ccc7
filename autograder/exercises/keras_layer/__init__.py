"""Exercise keras_layer."""
