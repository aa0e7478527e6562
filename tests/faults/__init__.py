"""Storage that fails under a real store, and databases that are put back."""
