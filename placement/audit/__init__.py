"""What an access-log entry is; plain strings, so that clients can check entries."""
