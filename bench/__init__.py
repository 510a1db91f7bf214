"""Measured speed: ``make bench`` prints a table and writes bench/latest.json. Ratios are side by side in one run."""
