"""The command line (product.md section 3): headless commands that never load Qt, and the way into the window.

`parser` says what may be typed, `main` runs it and turns every ending into an exit code, the other modules hold the
commands. Each command imports what it needs when it runs. Main thread only.

Exit codes: 0 done; 1 done, but something was rejected or failed; 2 wrong usage; 3 the environment lacks something;
130 stopped by Ctrl+C or SIGTERM, with everything committed kept.
"""
