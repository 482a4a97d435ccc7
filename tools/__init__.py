"""Set-up, opening JupyterLab, executing notebooks: for who works in this repository, and not installed with it."""
