"""Servers of open models on this machine: found or started, watched, and stopped with the run.

One small adapter each for llama.cpp, vLLM, Ollama and transformers; none of them is imported here.
"""
