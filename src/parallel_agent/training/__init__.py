"""From what runs have verified to better models: data, preferences, rewards, fine-tuning.

Only `finetuning` needs torch and its libraries, and imports them when it is used.
"""
