"""The C++ side of a worker process: harness.hpp and the template of the adapter."""
