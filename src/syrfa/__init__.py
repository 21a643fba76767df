"""Synthetic-to-real video anomaly detection (SYRFA, IEEE Access 2024)."""

__version__ = "0.1.0"
