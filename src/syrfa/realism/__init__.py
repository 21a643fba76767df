"""How far generated tubes are from real ones: probes, statistics, distances of features (docs/realism.md)."""
