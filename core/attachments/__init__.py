"""Files people send: checked, pictures redrawn, kept per tenant, served without harm."""
