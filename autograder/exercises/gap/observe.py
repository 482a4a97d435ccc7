"""How exercise gap is watched."""

from autograder.kits.histories.observe import record_history as record

__all__ = ["record"]
