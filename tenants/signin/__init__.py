"""How staff come in and leave again, and what they may change about themselves."""
