"""The course: notebooks, and the small modules they share.

Import something from here before TensorFlow: that makes TensorFlow quiet and repeatable. TensorFlow reads both
variables once, when it is imported: the log level hides its start-up notes, and without oneDNN's reordered sums
the same seed gives the same numbers on machines with different processors.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
