// SchedulingV1
