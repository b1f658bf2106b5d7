"""Logistics: orders, waybills, shipments followed by every carrier in one vocabulary, and exceptions with a clock."""
