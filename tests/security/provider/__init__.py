"""A real OpenID provider for tests (django-oauth-toolkit's), with settings, addresses and an SQLite database of its own."""
