// BatchV1
