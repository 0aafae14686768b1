"""Annotation formats in and out, one file a format, and what is done to a whole corpus."""
