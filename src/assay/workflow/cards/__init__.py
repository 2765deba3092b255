"""Cards: what others should know of a run's data and model, made from the files of its folder alone."""
