"""Kibitz: Stockfish reviews every game in the background while you click through."""

__version__ = "0.1.0"
