"""A program that stands for llama.cpp's server, and small files that stand for its models."""
