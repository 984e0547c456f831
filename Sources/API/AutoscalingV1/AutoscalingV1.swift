// AutoscalingV1
