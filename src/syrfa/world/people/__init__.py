"""Who and what moves: bodies, gaits, poses, vehicles, props."""
