"""Scores, tables and pages about a trained pipeline."""
