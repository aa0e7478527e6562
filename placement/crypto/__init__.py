"""Keys, seals and blinded pseudonyms; opens no room but the errors."""
