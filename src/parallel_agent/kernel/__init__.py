"""What is to be sped up: types and source of a kernel, its contract, and inputs drawn from it."""
