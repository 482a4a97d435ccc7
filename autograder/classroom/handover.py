"""Where `grading` leaves what nbgrader, in its own process, takes up."""

#: Where submissions are put that nbgrader reads: made from what was handed in, each one a sound notebook.
STAGED = "build/staged"

#: The file that says to nbgrader, which follows the grading, that nothing more will come.
ENDED = "build/staged.ended"

#: Where, in a notebook's metadata, stands what its cells cannot tell.
NOTES = "autograder"
