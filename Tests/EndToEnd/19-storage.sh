# Volumes that outlive their pods: the default storage class, a database that keeps its data, and what becomes of volumes afterwards.
# shellcheck shell=bash

redis() {
    local pod=$1
    shift
    k exec "$pod" -- /usr/bin/redis-cli "$@"
}

answers_redis() { [ "$(redis "$1" ping)" = PONG ]; }
says_redis() { [ "$(redis "$1" get "$2")" = "$3" ]; }

test_a_cluster_to_keep_things() { apus up --data-dir "$data"; }

test_there_is_a_default_class() {
    contains "$(k get storageclass)" "local-path (default)" apus.dev/local-path Delete WaitForFirstConsumer
}

test_a_claim_waits_for_its_pod() {
    k apply -f - <<-Y
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: {name: notes}
		spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}
	Y
    eventually 20 waits_for_consumer
    equal "phase" Pending "$(k get pvc notes -o jsonpath='{.status.phase}')"
    k run writer --image=127.0.0.1:5000/tools:1 --restart=Never --overrides='{"spec":{"containers":[{"name":"writer","image":"127.0.0.1:5000/tools:1","command":["/bin/sh","-c","echo kept > /notes/a"],"volumeMounts":[{"name":"notes","mountPath":"/notes"}]}],"volumes":[{"name":"notes","persistentVolumeClaim":{"claimName":"notes"}}]}}'
    eventually 60 has_succeeded writer
    equal "phase" Bound "$(k get pvc notes -o jsonpath='{.status.phase}')"
    contains "$(k get pv)" default/notes local-path Delete Bound
    k delete pod writer
    k run reader --image=127.0.0.1:5000/tools:1 --restart=Never --overrides='{"spec":{"containers":[{"name":"reader","image":"127.0.0.1:5000/tools:1","command":["/bin/cat","/notes/a"],"volumeMounts":[{"name":"notes","mountPath":"/notes"}]}],"volumes":[{"name":"notes","persistentVolumeClaim":{"claimName":"notes","readOnly":true}}]}}'
    eventually 60 has_succeeded reader
    equal "what was written" kept "$(k logs reader)"
}

waits_for_consumer() { k get events --field-selector involvedObject.name=notes | grep -q WaitForFirstConsumer; }
has_succeeded() { [ "$(k get pod "$1" -o jsonpath='{.status.phase}')" = Succeeded ]; }

test_a_claim_in_use_is_protected_and_its_volume_goes_with_it() {
    local volume path
    volume=$(k get pvc notes -o jsonpath='{.spec.volumeName}')
    path=$(k get pv "$volume" -o jsonpath='{.spec.local.path}')
    equal "content" kept "$(cat "$path/a")"
    k delete pvc notes --wait=false
    equal "still there" notes "$(k get pvc notes -o jsonpath='{.metadata.name}')"
    contains "$(k get pvc notes)" Terminating
    k delete pod reader
    eventually 30 is_gone pvc notes
    eventually 30 is_gone pv "$volume"
    [ ! -e "$path" ]
}

is_gone() { [ -z "$(k get "$1" "$2" --ignore-not-found -o name)" ]; }

test_a_database_keeps_its_data() {
    k apply -f - <<-Y
		apiVersion: v1
		kind: Service
		metadata: {name: redis}
		spec: {clusterIP: None, selector: {app: redis}, ports: [{port: 6379}]}
		---
		apiVersion: apps/v1
		kind: StatefulSet
		metadata: {name: redis}
		spec:
		  serviceName: redis
		  replicas: 2
		  selector: {matchLabels: {app: redis}}
		  template:
		    metadata: {labels: {app: redis}}
		    spec:
		      terminationGracePeriodSeconds: 5
		      containers:
		      - name: redis
		        image: 127.0.0.1:5000/redis:1
		        command: [/usr/bin/redis-server]
		        args: [--dir, /data, --appendonly, "yes", --appendfsync, always]
		        ports: [{containerPort: 6379}]
		        readinessProbe: {tcpSocket: {port: 6379}, periodSeconds: 1}
		        volumeMounts: [{name: data, mountPath: /data}]
		  volumeClaimTemplates:
		  - metadata: {name: data}
		    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 50Mi}}}
	Y
    k rollout status statefulset redis --timeout=90s
    equal "claims" "data-redis-0 data-redis-1" "$(k get pvc -o jsonpath='{.items[*].metadata.name}')"
    redis redis-0 set color green
    redis redis-1 set color blue
    k delete pod redis-0 redis-1
    k rollout status statefulset redis --timeout=90s
    eventually 30 answers_redis redis-0
    equal "of the first" green "$(redis redis-0 get color)"
    equal "of the second" blue "$(redis redis-1 get color)"
}

test_data_outlives_the_cluster() {
    kill -9 "$(cut -d ' ' -f 1 "$data/run/apus.pid")"
    apus up --data-dir "$data"
    eventually 60 answers_redis redis-0
    redis redis-0 set shape round
    k delete pod redis-0
    eventually 60 says_redis redis-0 shape round
    equal "of the first" green "$(redis redis-0 get color)"
}

test_scaling_down_keeps_claims_unless_told_otherwise() {
    k scale statefulset redis --replicas=1
    eventually 60 is_gone pod redis-1
    equal "claims" "data-redis-0 data-redis-1" "$(k get pvc -o jsonpath='{.items[*].metadata.name}')"
    k scale statefulset redis --replicas=2
    k rollout status statefulset redis --timeout=90s
    equal "of the second" blue "$(redis redis-1 get color)"
    k patch statefulset redis -p '{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Delete","whenDeleted":"Delete"}}}'
    k scale statefulset redis --replicas=1
    eventually 60 is_gone pvc data-redis-1
    k delete statefulset,service redis
    eventually 60 is_gone pvc data-redis-0
    eventually 60 no_volumes
}

no_volumes() { [ -z "$(k get pv -o name)" ] && [ -z "$(ls -A "$data/volumes")" ]; }

test_volumes_made_by_people() {
    k apply -f - <<-Y
		apiVersion: v1
		kind: PersistentVolume
		metadata: {name: shelf}
		spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: manual, hostPath: {path: $work/shelf}}
		---
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: {name: shelf}
		spec: {accessModes: [ReadWriteOnce], storageClassName: manual, resources: {requests: {storage: 1Gi}}}
	Y
    eventually 20 is_bound shelf
    k delete pvc shelf
    equal "kept for somebody to look" Released "$(k get pv shelf -o jsonpath='{.status.phase}')"
    k delete pv shelf
    apus down --data-dir "$data"
}

is_bound() { [ "$(k get pvc "$1" -o jsonpath='{.status.phase}')" = Bound ]; }
