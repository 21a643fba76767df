"""Files, signals, processes and text that belong to no one package."""
