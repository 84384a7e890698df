"""The gates a candidate must pass, one per file, and the pipeline that runs them."""
