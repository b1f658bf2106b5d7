"""A form is data: one validation for page, portal and API, one language for its conditions."""
