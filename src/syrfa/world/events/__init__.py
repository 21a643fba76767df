"""What happens: ordinary life and the abnormal kinds."""
