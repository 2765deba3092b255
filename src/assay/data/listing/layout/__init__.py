"""Which folders of a tree are splits and which are classes: its readings, and the choice among them."""
