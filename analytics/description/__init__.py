"""What the API is, for machines and for people; the API itself has no need of it."""
