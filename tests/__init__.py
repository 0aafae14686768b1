"""Tests mirror the package: test_windows.py for windows.py, test_nn_crf.py for nn/crf.py."""
