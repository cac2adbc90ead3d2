"""What happened, in the user's words: the floor that everything else stands on."""
