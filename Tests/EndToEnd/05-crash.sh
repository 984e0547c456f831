# kill -9, of everything in turn.
# shellcheck shell=bash

pids() { for pod in $(k get pods -l app=hello -o name | sort); do container_pid "${pod#pod/}"; done; }

test_kill_of_the_server_loses_nothing() {
    k rollout status deployment hello --timeout=60s
    local before address
    before=$(pids)
    address=$(k get service hello -o jsonpath='{.spec.clusterIP}')
    rm -f "$work/stop"
    (
        bad=0
        while [ ! -e "$work/stop" ]; do answers "http://$address/" > /dev/null || bad=$((bad + 1)); done
        echo $bad > "$work/requests"
    ) &
    local client=$!
    (
        n=0
        while k create configmap "crash-$n" > /dev/null 2>&1; do echo "crash-$n" >> "$work/acknowledged"; n=$((n + 1)); done
    ) &
    local writer=$!
    sleep 2
    kill -9 "$(cut -d ' ' -f 1 "$data/run/apus.pid")"
    wait $writer
    apus up --data-dir "$data"
    while read -r name; do k get configmap "$name" -o name > /dev/null; done < "$work/acknowledged"
    [ -s "$work/acknowledged" ]
    sleep 3
    touch "$work/stop"
    wait $client
    equal "containers keep their processes" "$before" "$(pids)"
    equal "failed requests" 0 "$(cat "$work/requests")"
    k delete configmaps --all --wait=false > /dev/null
}

test_kill_of_containerd_loses_nothing() {
    local before address
    before=$(pids)
    address=$(k get service hello -o jsonpath='{.spec.clusterIP}')
    kill -9 "$(cut -d ' ' -f 1 "$data/containerd/containerd.pid")"
    contains "$(answers "http://$address/")" "Hello from"
    eventually 30 k run after --image=apus.local/hello:0.1.0
    k wait --for=condition=Ready pod/after --timeout=60s
    equal "containers keep their processes" "$before" "$(pids)"
    k delete pod after --now
}
