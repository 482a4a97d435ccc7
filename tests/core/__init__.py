"""What needs no Keras, no nbgrader and no wall."""
