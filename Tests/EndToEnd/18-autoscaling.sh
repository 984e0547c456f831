# Measurements of nodes and pods, and a load that comes and goes.
# shellcheck shell=bash

test_a_cluster_to_measure() { apus up --data-dir "$data"; }

test_top_shows_what_is_used() {
    eventually 60 k top nodes
    contains "$(k top nodes)" "CPU(cores)" "MEMORY(bytes)"
    contains "$(k get --raw /apis/metrics.k8s.io/v1beta1)" NodeMetrics PodMetrics
    local node
    node=$(k get nodes -o jsonpath='{.items[0].metadata.name}')
    contains "$(k get --raw "/api/v1/nodes/$node/proxy/metrics/resource")" node_cpu_usage_seconds_total "resource_scrape_error 0"
}

test_a_load_brings_pods_and_its_end_takes_them() {
    k apply -f - <<-Y
		apiVersion: apps/v1
		kind: Deployment
		metadata: {name: burner}
		spec:
		  replicas: 1
		  selector: {matchLabels: {app: burner}}
		  template:
		    metadata: {labels: {app: burner}}
		    spec:
		      terminationGracePeriodSeconds: 1
		      containers:
		      - name: burner
		        image: 127.0.0.1:5000/tools:1
		        command: [/bin/sh, -c, 'while true; do if [ -e /load/on ]; then i=0; while [ \$i -lt 2000 ]; do i=\$((i+1)); done; else sleep 0.2; fi; done']
		        resources: {requests: {cpu: 50m, memory: 8Mi}, limits: {cpu: 150m}}
		        volumeMounts: [{name: load, mountPath: /load}]
		      volumes: [{name: load, hostPath: {path: $work/load, type: DirectoryOrCreate}}]
		---
		apiVersion: autoscaling/v2
		kind: HorizontalPodAutoscaler
		metadata: {name: burner}
		spec:
		  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: burner}
		  minReplicas: 1
		  maxReplicas: 3
		  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]
		  behavior: {scaleDown: {stabilizationWindowSeconds: 15}}
	Y
    k rollout status deployment burner --timeout=60s
    eventually 90 k top pods -l app=burner
    touch "$work/load/on"
    eventually 150 has_replicas 3
    contains "$(k get events --field-selector reason=SuccessfulRescale)" "above target"
    contains "$(k get hpa.v2.autoscaling burner -o json)" ValidMetricFound averageUtilization
    contains "$(k get hpa burner)" Deployment/burner "60%"
    rm "$work/load/on"
    eventually 180 has_replicas 1
    contains "$(k get events --field-selector reason=SuccessfulRescale)" "All metrics below target"
    k delete hpa,deployment burner
    apus down --data-dir "$data"
}

has_replicas() { [ "$(k get deployment burner -o jsonpath='{.spec.replicas}')" = "$1" ]; }
