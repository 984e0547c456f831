# Services by address and by name; probes; restarts.
# shellcheck shell=bash

test_service_from_the_node_and_from_outside() {
    local address port
    address=$(k get service hello -o jsonpath='{.spec.clusterIP}')
    port=$(k get service hello -o jsonpath='{.spec.ports[0].nodePort}')
    contains "$(answers "http://$address/")" "Hello from"
    contains "$(answers "http://$node_ip:$port/")" "Hello from"
    contains "$(on_client curl -sf --max-time 2 "http://$node_ip:$port/")" "Hello from"
    local names
    names=$(for _ in $(seq 60); do answers "http://$address/"; done | sort -u | wc -l)
    equal "all three pods answer" 3 "$names"
}

test_service_by_name_from_a_pod() {
    k run asker --image=127.0.0.1:5000/tools:1 --restart=Never --command -- sleep 600
    k wait --for=condition=Ready pod/asker --timeout=60s
    for name in hello hello.default hello.default.svc.cluster.local "$(k get service hello -o jsonpath='{.spec.clusterIP}')"; do
        contains "$(k exec asker -- curl -sf --max-time 3 "http://$name/")" "Hello from"
    done
    contains "$(k exec asker -- cat /etc/resolv.conf)" "nameserver 10.96.0.10" "search default.svc.cluster.local svc.cluster.local cluster.local" ndots:5
    contains "$(k exec asker -- nslookup kubernetes.default.svc.cluster.local)" 10.96.0.1
}

test_service_account_is_in_the_pod() {
    contains "$(k exec asker -- ls /var/run/secrets/kubernetes.io/serviceaccount)" ca.crt namespace token
    equal "namespace" default "$(k exec asker -- cat /var/run/secrets/kubernetes.io/serviceaccount/namespace)"
}

test_volumes_follow_their_sources() {
    k create configmap settings --from-literal=colour=red
    k create secret generic hidden --from-literal=word=one
    cat <<-'Y' | k apply -f -
		apiVersion: v1
		kind: Pod
		metadata: {name: reader}
		spec:
		  terminationGracePeriodSeconds: 1
		  containers:
		  - name: reader
		    image: 127.0.0.1:5000/tools:1
		    command: [sleep, "600"]
		    volumeMounts: [{name: settings, mountPath: /settings}, {name: both, mountPath: /both}]
		  volumes:
		  - {name: settings, configMap: {name: settings}}
		  - name: both
		    projected: {sources: [{secret: {name: hidden}}, {configMap: {name: later, optional: true}}]}
	Y
    k wait --for=condition=Ready pod/reader --timeout=60s
    equal "as made" "red one" "$(k exec reader -- sh -c 'echo $(cat /settings/colour) $(cat /both/word)')"
    k patch configmap settings -p '{"data":{"colour":"blue"}}'
    k patch secret hidden -p '{"stringData":{"word":"two"}}'
    k create configmap later --from-literal=here=now
    # Sooner than the node's regular look, which comes once a minute.
    eventually 10 holds reader "blue two now" /settings/colour /both/word /both/here
    k delete configmap settings later
    k delete secret hidden
    k delete pod reader --now
}

holds() {
    local pod=$1 expected=$2
    shift 2
    # shellcheck disable=SC2016
    equal "in the pod" "$expected" "$(k exec "$pod" -- sh -c 'for file; do cat "$file"; echo; done' _ "$@" | xargs)"
}

test_a_pod_that_is_not_ready_gets_no_traffic() {
    cat <<-'Y' | k apply -f -
		apiVersion: v1
		kind: Pod
		metadata: {name: shy, labels: {app: shy}}
		spec:
		  terminationGracePeriodSeconds: 1
		  containers:
		  - name: shy
		    image: 127.0.0.1:5000/tools:1
		    command: [sh, -c, "mkdir -p /www && echo here > /www/index.html && exec httpd -f -p 8080 -h /www"]
		    readinessProbe: {exec: {command: [test, -e, /tmp/ready]}, periodSeconds: 1}
	Y
    k expose pod shy --port=80 --target-port=8080
    eventually 60 runs shy
    local address
    address=$(k get service shy -o jsonpath='{.spec.clusterIP}')
    sleep 1
    refuses "" answers "http://$address/"
    k exec shy -- touch /tmp/ready
    eventually 10 answers "http://$address/"
    k exec shy -- rm /tmp/ready
    eventually 15 refuses "" answers "http://$address/"
    k delete service shy
    k delete pod shy --now
}

runs() { [ "$(k get pod "$1" -o jsonpath='{.status.phase}')" = Running ]; }

test_a_killed_process_is_restarted_with_back_off() {
    k run mortal --image=127.0.0.1:5000/tools:1 --command -- sh -c 'sleep 1; exit 3'
    eventually 30 crash_loops mortal
    contains "$(k describe pod mortal)" "Back-off restarting failed container" "Exit Code:    3"
    k delete pod mortal --now
    local pod before
    pod=$(k get pods -l app=hello -o jsonpath='{.items[0].metadata.name}')
    before=$(k get pod "$pod" -o jsonpath='{.status.containerStatuses[0].restartCount}')
    kill -9 "$(container_pid "$pod")"
    eventually 30 restarted "$pod" "$before"
}

test_logs_of_the_instance_before() {
    cat <<-'Y' | k apply -f -
		apiVersion: v1
		kind: Pod
		metadata: {name: twice}
		spec:
		  terminationGracePeriodSeconds: 1
		  containers:
		  - name: twice
		    image: 127.0.0.1:5000/tools:1
		    command: [sh, -c, "test -e /kept/mark && echo second life && exec sleep 600; touch /kept/mark; echo first life; exit 4"]
		    volumeMounts: [{name: kept, mountPath: /kept}]
		  volumes: [{name: kept, emptyDir: {}}]
	Y
    eventually 60 restarted twice 0
    equal "now" "second life" "$(k logs twice)"
    equal "before" "first life" "$(k logs twice --previous)"
    equal "why it ended" 4 "$(k get pod twice -o jsonpath='{.status.containerStatuses[0].lastState.terminated.exitCode}')"
    refuses 'previous terminated container "asker" in pod "asker" not found' k logs asker --previous
    k delete pod twice --now
}

crash_loops() { k get pod "$1" | grep -q CrashLoopBackOff; }
restarted() { [ "$(k get pod "$1" -o jsonpath='{.status.containerStatuses[0].restartCount}')" -gt "$2" ] && k wait --for=condition=Ready "pod/$1" --timeout=10s; }
container_pid() {
    local container
    container=$(k get pod "$1" -o jsonpath='{.status.containerStatuses[0].containerID}')
    cat "$data/containerd/state/io.containerd.runtime.v2.task/k8s.io/${container#containerd://}/init.pid"
}

# It writes down when it hears what; the folder outlives it.
test_a_pod_has_its_grace() {
    mkdir -p "$work/grace"
    chmod 777 "$work/grace"
    cat <<-Y | k apply -f -
		apiVersion: v1
		kind: Pod
		metadata: {name: polite}
		spec:
		  terminationGracePeriodSeconds: 60
		  volumes: [{name: seen, hostPath: {path: $work/grace}}]
		  containers:
		  - name: main
		    image: 127.0.0.1:5000/tools:1
		    command: [sh, -c, 'trap "echo term >> /seen/polite; sleep 1; echo end >> /seen/polite; exit 0" TERM; echo begin >> /seen/polite; while :; do sleep 0.1; done']
		    volumeMounts: [{name: seen, mountPath: /seen}]
		    lifecycle: {preStop: {exec: {command: [sh, -c, 'echo hook >> /seen/polite; sleep 2; echo unhooked >> /seen/polite']}}}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: stubborn}
		spec:
		  terminationGracePeriodSeconds: 4
		  volumes: [{name: seen, hostPath: {path: $work/grace}}]
		  containers:
		  - name: main
		    image: 127.0.0.1:5000/tools:1
		    command: [sh, -c, 'trap "echo term >> /seen/stubborn" TERM; echo begin >> /seen/stubborn; while :; do sleep 0.1; cut -d " " -f 1 /proc/uptime > /seen/last; done']
		    volumeMounts: [{name: seen, mountPath: /seen}]
	Y
    eventually 60 test -s "$work/grace/polite"
    eventually 60 test -s "$work/grace/stubborn"
    local began
    began=$(cut -d ' ' -f 1 /proc/uptime)
    k delete pod polite stubborn --wait=false
    contains "$(k get pod polite stubborn)" Terminating
    equal "the grace of the delete" "60 4" "$(k get pod polite stubborn -o jsonpath='{.items[*].metadata.deletionGracePeriodSeconds}')"
    k wait --for=delete pod/polite pod/stubborn --timeout=50s
    # First the hook to its end, then the signal, then the process ends by itself, long before its time is up.
    equal "heard" "begin hook unhooked term end" "$(xargs < "$work/grace/polite")"
    # The signal; as nothing comes of it, the end by force when the time is up and not before.
    equal "heard" "begin term" "$(xargs < "$work/grace/stubborn")"
    awk -v began="$began" -v last="$(cat "$work/grace/last")" 'BEGIN { lived = last - began; print "it lived for", lived; exit !(lived > 3.5) }'
    # Somebody who deletes can shorten it, down to the hook's own time.
    k apply -f - <<-'Y'
		apiVersion: v1
		kind: Pod
		metadata: {name: hurried}
		spec:
		  terminationGracePeriodSeconds: 600
		  containers:
		  - {name: main, image: "127.0.0.1:5000/tools:1", command: [sh, -c, 'trap "" TERM; while :; do sleep 0.1; done']}
	Y
    eventually 60 runs hurried
    k delete pod hurried --wait=false
    k delete pod hurried --grace-period=1 --timeout=30s
}

test_a_deleted_pod_is_replaced() {
    local pod
    pod=$(k get pods -l app=hello -o jsonpath='{.items[0].metadata.name}')
    k delete pod "$pod"
    k rollout status deployment hello --timeout=30s
    refuses "not found" k get pod "$pod"
    k delete pod asker --now
}

test_a_deleted_deployment_takes_its_pods_along() {
    k create deployment passing --image=apus.local/hello:0.1.0 --replicas=2
    k rollout status deployment passing --timeout=30s
    k delete deployment passing
    # A first process that is told to end before it listens for signals never hears of it and has its whole grace of 30 seconds.
    eventually 60 nothing_is_left passing
}

nothing_is_left() { equal "left" "" "$(k get pods,replicasets -l "app=$1" -o name)"; }

test_a_deleted_namespace_takes_all_along() {
    k create namespace passing
    k -n passing create configmap x
    k -n passing run y --image=apus.local/hello:0.1.0
    k delete namespace passing --timeout=60s
    refuses "not found" k get namespace passing
}
