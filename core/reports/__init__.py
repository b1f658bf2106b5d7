"""Printables: pages and PDFs from one query and one template."""
