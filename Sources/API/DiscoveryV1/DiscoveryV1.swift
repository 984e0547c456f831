// DiscoveryV1
