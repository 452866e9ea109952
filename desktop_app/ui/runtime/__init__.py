"""Bridges between threads and the event loop."""
