"""The ways to start a program in a sandbox: one launcher per file, and the choice among them."""
