"""The authorisation matrix: every address, for every role, on one's own and on others' things, against a reviewed table."""
