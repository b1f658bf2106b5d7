"""Promises in time: calendars, policies and the clocks that run on tickets."""
