"""spacy-balc: a LoRA-adapted BERT, BiLSTM, self-attention and CRF as spaCy's `balc_ner`."""

__version__ = "0.1.0"
