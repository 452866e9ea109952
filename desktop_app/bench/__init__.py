"""kibitz bench: figures as ratios in one run."""
