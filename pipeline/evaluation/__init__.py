"""How good the pictures are: measured against a truth where there is one, and blindly where there is none.

- Figures of one picture or clip: `meter.py`, by what can be measured here (`judges.py`, `measures.py`).
- Records, one method on one item; summed up with intervals in `summary.py`, as a document in `report.py`.
- Runs: folders of pairs (`pairs.py`), masters (`masters.py`), damaged clips (`film.py`), damaged stills
  (`photos.py`, its rows in `still_rows.py`).
- Colour: clips and stills turned gray and coloured again (`colour.py`), by the rows of `colour_rows.py`, on
  the pictures of `colour_material.py`, with the figures of `colour_meter.py`.
"""
