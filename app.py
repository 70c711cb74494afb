"""Start Petname: ``python app.py``.

Serves the page at http://127.0.0.1:7860/, and on a Hugging Face Space at the Space's address.
The settings come from the environment; the README lists them.
"""

from __future__ import annotations

import sys

from textinv_app.web.host import main

if __name__ == "__main__":
    sys.exit(main())
