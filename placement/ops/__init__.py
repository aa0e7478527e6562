"""What an operator runs on the machine itself, without the wire."""
