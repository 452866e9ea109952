"""kibitz bench: speed and memory as ratios within one run, with the command that repeats them.

Every bench builds its own data in a temporary folder from the sample games (seeded), so figures need nothing beside
the installed application. `run(name, options)` is called by the command line.
"""
