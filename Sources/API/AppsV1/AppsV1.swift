// AppsV1
