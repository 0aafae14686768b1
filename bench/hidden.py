"""Code that a process runs first, so that some packages are not among those installed: their entry
points are not seen by spaCy."""

HIDE = """
from importlib import metadata
hidden = set({names!r})
everything = metadata.distributions
def distributions(**selection):
    return (d for d in everything(**selection) if d.metadata["Name"] not in hidden)
metadata.distributions = distributions
"""
# It takes 2.5 s of each spacy.blank where it is installed, which would cover all else.
OTHERS = ["spacy-transformers"]


def hide(*names: str) -> str:
    """The code that hides these packages, and spacy-transformers always."""
    return HIDE.format(names=[*OTHERS, *names])
