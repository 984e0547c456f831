// AuthorizationV1
