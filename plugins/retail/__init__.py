"""Retail: members, points, sales, returns and refunds."""
