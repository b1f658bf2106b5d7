"""A ticket is one matter with a customer: its models, its workflow engine, its use cases and its REST resources."""
