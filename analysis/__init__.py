"""Figures of a results file, and its columns for notebooks: see __main__.py and results.py."""
