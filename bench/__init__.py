"""The page benchmark: a module page of ours beside the same page of a stock Jupyter Book 1, in one browser, in one run."""
