"""The only door to a model: names to models, and calls that are reserved, settled and journaled.

Stands on ``budget``. LangChain is imported where a model is called, and nowhere before.
"""
