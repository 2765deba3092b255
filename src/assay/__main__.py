"""`python -m assay` is `assay`."""

from assay.cli.start import main

main()
