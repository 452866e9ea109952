"""Use cases: blocking, headless, no settings look-up."""
