"""The face of the house: every screen a person sees, and the life of a tenant."""
