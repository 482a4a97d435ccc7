"""The grader's own sentences among a notebook's outputs: set apart from whatever a student's code shows."""

from autograder.show.note import NOTE_HEADING, as_note

#: How a grade that was made without isolation is marked.
UNWALLED = (
    "Graded without isolation: the student's code ran with the grader's own rights and could access everything."
)
#: How the sentence on a cell that ended its run begins.
STOPPED = "This cell was stopped."


def told(sentence: str) -> dict:
    """The output that says a sentence of the grader's: HTML, which nothing that a student's code shows is."""
    data = {"text/plain": f"{NOTE_HEADING} {sentence}", "text/html": as_note(sentence)}
    return {"output_type": "display_data", "data": data, "metadata": {}}
