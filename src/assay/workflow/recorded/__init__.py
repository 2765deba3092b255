"""What the files of a run folder must hold before anything is made of them: they may come from anywhere."""
