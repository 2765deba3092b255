"""What chance alone does to a figure: exact tails, and figures drawn again."""
