"""What one sees of a run: the live view in a terminal and the closing table."""
