"""The complaint procedure that every industry shares."""
