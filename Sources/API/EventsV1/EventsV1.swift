// EventsV1
