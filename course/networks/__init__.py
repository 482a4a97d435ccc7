"""Networks: many small ones trained at once, a frozen base, predictions with dropout left on."""
