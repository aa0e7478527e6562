"""The public wire; generated from protos/, never edited."""
