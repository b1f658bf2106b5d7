"""Webhooks: facts told to other systems' addresses, signed by Standard Webhooks 1.0.0, at least once."""
