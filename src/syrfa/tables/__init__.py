"""The paper's tables 1 to 5: the runs they are made of, running them, and printing them beside its numbers."""
