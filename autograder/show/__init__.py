"""How a report looks: as text for a terminal, as HTML for a notebook, and its pictures."""
