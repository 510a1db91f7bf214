"""Template pieces of the design system: ``{% load pieces %}``."""
