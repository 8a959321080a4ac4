"""The Lambda authorizer: a bearer token in, an IAM policy for every route that it may call out."""

import gc
import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # Nothing that is imported is garbage, and looking for some prolongs a cold start. The handler turns it on again.
    gc.disable()
