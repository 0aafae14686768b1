"""What a system's answers are worth: scores, errors, and the pages that show them."""
