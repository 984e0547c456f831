// CoordinationV1
