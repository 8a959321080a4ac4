"""The Lambda functions behind the routes: one module per operation."""

import gc
import os

IN_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME" in os.environ

if IN_LAMBDA:
    # Imports create no garbage, and collections would prolong a cold start. `LambdaHandler` enables them again.
    gc.disable()
