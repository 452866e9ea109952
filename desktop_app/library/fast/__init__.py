"""What storing games does so often that it is worth compiling; the same source runs as Python.

Types are in the .pxd files (`setup.py`, decision 0010).
"""
