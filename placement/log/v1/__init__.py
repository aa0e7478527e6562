"""What a log record holds; generated from protos/, never edited."""
