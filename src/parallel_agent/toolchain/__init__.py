"""The machine and the compiler: building a source and running it within limits."""
