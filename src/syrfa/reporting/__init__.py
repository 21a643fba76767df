"""Tables, figures, sweeps and the report: everything made from results."""
