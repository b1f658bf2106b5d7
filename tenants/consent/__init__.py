"""The page on which a person lets an app act for him, or does not."""
