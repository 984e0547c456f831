// NodeV1
