"""Remote apps: plugins that run elsewhere, installed by one manifest, drawn and asked by core, with rights by OAuth."""
