"""Values in, signals out."""
