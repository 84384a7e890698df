"""Who writes candidates: ``rules``, or a chat model.

For a model: what it is asked (`chat`, from the data in `tasks` and the texts in ``prompts``), and how
its answers are read (`reply` for code, `structured` for the rest).
"""
