"""What will hurt later in an annotated corpus: checks over its sentences, a subject a file."""

from .findings import KINDS, Figures, Finding, Findings
from .run import PARTS, check_corpus, read_part

__all__ = ["KINDS", "PARTS", "Figures", "Finding", "Findings", "check_corpus", "read_part"]
