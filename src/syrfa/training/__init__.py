"""Run folders, exact resume, provenance and the choice of a checkpoint."""
