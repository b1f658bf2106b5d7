"""Apps that ask for a part of a right: the authorization server, and apps as principals of their own."""
