"""Pictures that show a part of one larger picture: tiles that overlap, and crops."""
