"""`heliograph archive`: files onto protected disc images, and back."""
