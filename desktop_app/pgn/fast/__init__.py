"""The fast way to read games: what is laid out plainly is read here, everything else by `pgn.reader`, game by game.

`board` and `scan` are compiled with Cython where a C compiler is at hand (their `.pxd` files hold the C types); the
same source runs uncompiled. `blocks` is the door.
"""
