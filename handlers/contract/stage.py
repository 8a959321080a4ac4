"""Stage variables, with which an operator changes the behaviour of running functions."""

from typing import Final

READ_ONLY: Final = "readOnly"
"""The variable that makes handlers answer every write with 503 while it is TRUE. Reads are not affected."""

TRUE: Final = "true"
