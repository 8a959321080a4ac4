"""The Lambda authorizer: it validates a bearer token and returns an IAM policy for every route the token allows."""

import gc
import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # Imports create no garbage, so collecting it only prolongs a cold start. The handler enables it again.
    gc.disable()
