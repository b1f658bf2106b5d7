"""The customer's people and organisations, and the ways by which a customer proves who he is."""
