// StorageV1
