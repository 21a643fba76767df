"""Scores and labels, of frames and of regions, to numbers with intervals and chance levels."""
