// ClusterDNS
