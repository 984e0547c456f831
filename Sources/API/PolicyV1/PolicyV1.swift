// PolicyV1
