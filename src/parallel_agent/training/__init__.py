"""Making models better at this work: data out of verified pairs, and training on it."""
