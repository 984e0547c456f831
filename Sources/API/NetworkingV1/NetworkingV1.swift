// NetworkingV1
