"""What the hidden units of a stack do for given examples, and how far they go together."""

import numpy as np

from course.networks.stacked import Stack


def hidden_activations(stack: Stack, x: np.ndarray) -> list[np.ndarray]:
    """Outputs of every hidden layer in evaluation.

    x: float32 (examples, features), given to all networks.
    Returns for each hidden layer float32 (networks, examples, units), at least 0.
    """
    h = np.broadcast_to(x, (len(stack.seeds), *x.shape))
    found = []
    for layer in stack.model.layers[:-1]:
        h = layer(h)
        found.append(np.asarray(h))
    return found


def mean_correlation(activations: np.ndarray) -> float:
    """Mean absolute correlation, 0 to 1, between two different units; units that never change are left out.

    activations: (examples, units) of one layer of one network.
    """
    moving = activations[:, activations.std(axis=0) > 1e-6]
    correlation = np.abs(np.corrcoef(moving.T))
    return float((correlation.sum() - len(correlation)) / (len(correlation) * (len(correlation) - 1)))
