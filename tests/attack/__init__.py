"""What anybody can learn from answers: attackers against the real rules and phantoms."""
