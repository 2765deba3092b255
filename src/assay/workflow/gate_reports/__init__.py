"""Reports of gate results for CI: JUnit, SARIF and GitHub annotations."""
