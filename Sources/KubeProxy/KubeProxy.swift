// KubeProxy
