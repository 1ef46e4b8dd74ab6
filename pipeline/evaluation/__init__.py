"""How good the pictures are: measured against a truth where there is one, and blindly where there is none.

figures   of one picture or clip (`meter.py`), by what can be measured here (`judges.py`)
records   one method on one item, and the sets they make (`records.py`), summed up (`summary.py`)
runs      folders of pairs, masters, damaged clips, damaged stills (`pairs.py`, `masters.py`, `film.py`,
`photos.py`)
"""
