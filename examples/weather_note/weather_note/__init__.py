"""The weather when a ticket was opened: an example of a plugin outside of the tree."""
