"""Staff: users with roles, teams and departments, and how they come in by browser or token."""
