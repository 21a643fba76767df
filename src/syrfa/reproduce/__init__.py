"""A committed result, made again: what it takes, the rerun, and the comparison."""
