"""A chat provider on loopback: the OpenAI protocol, an invoice of its own, faults on command.

For rehearsals and tests. It stands on the standard library alone, so that its invoice is a second
opinion about ours. ``python tools/chat_provider --help`` starts one; ``running`` does so in a test.
"""
