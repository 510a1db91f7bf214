"""配置 Composition root: the one settings file, typed environment variables, the embedded PostgreSQL, the URL map."""
