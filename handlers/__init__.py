"""The Lambda functions behind the routes: one module per operation."""

import gc
import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # Nothing that is imported is garbage, and looking for some prolongs a cold start. `Function` turns it on again.
    gc.disable()
