"""The fault campaign: processes that share one account, a provider that misbehaves, and the sums.

``plan`` throws the dice of a trial, ``worker`` is a process that asks, ``trial`` runs one and kills
workers, ``checks`` compares the provider's invoice with the account, ``defences`` can be switched
off to see that the checks notice.
"""
