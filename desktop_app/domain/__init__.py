"""Values and rules of the field: standard library and python-chess only, no I/O, any thread."""
