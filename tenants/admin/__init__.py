"""The console: where a tenant's admin sets up plugins, people, promises and looks at the audit."""
