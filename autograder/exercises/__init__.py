"""This package's exercises, each a package of its own; see `autograder.exercise`."""
