"""Outgoing mail: a row with its event, put into words when it is sent or looked at."""
