"""Lists of image files with their labels and splits, from folders, tables and Parquet files."""
