"""What in the access log may be misuse; pure, told entry by entry."""
