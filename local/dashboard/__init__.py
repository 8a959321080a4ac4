"""A picture of the CloudWatch dashboard, with the metrics of a run of the local stack."""
