"""The networks, in torch alone: nothing here knows spaCy or thinc."""
