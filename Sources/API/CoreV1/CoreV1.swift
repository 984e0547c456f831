// CoreV1
