"""Polydesk: the engine, without any industry and without any tenant's screen."""
