"""Template pieces that only the portal draws: ``{% load portal_pieces %}``."""
