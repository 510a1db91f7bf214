"""Full-size runs of what the suite samples; a row for each control (``make evidence``)."""
