"""For exercises that read a training history."""
