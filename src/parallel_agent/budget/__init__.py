"""Money: the ledger with its scopes, reservations and settlements."""
