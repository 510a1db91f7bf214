"""运维 The operator's door: the console script, background jobs, set-up, self-check, the synthetic city."""
