"""One UCI process: finding it, talking to it, ending it."""
