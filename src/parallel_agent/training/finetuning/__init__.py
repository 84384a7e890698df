"""Fine-tuning an open model on verified pairs: within a cap on memory, resumable, on the record.

Here is what needs no framework: what is asked for, the examples, the plan, the record and the card. All
that imports one is in `learning`, and is imported when a training begins.
"""
