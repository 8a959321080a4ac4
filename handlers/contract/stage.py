"""Stage variables, which tell running functions how the stage is configured."""

from typing import Final

READ_ONLY: Final = "readOnly"
"""The variable that makes handlers answer every write with 503 while it is TRUE. Reads are not affected."""

RESPONSE_CACHE: Final = "responseCache"
"""The variable that is TRUE while the stage has a response cache."""

TRUE: Final = "true"
