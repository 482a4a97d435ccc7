"""What several exercises share; each kit is laid out as an exercise is, see `autograder.exercise`."""
