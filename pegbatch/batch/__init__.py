"""Plan to SubmitJob requests and array manifests, checked against AWS's limits (pure)."""
