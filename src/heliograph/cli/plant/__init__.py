"""`heliograph plant`: make, check and look at plant directories."""
