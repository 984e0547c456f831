// AuthenticationV1
