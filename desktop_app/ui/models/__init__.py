"""Item models and view state."""
