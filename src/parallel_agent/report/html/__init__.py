"""The report: one HTML file for a run, drawn from what lies in its folder, whole or not."""
