# An application that nobody here wrote, from a registry.
# shellcheck shell=bash

test_rolling_update_loses_no_request() {
    k create deployment web --image=127.0.0.1:5000/nginx:1 --replicas=3 --port=80
    k patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","readinessProbe":{"httpGet":{"path":"/","port":80},"periodSeconds":1},"lifecycle":{"preStop":{"exec":{"command":["/bin/sleep","3"]}}}}]}}}}'
    k expose deployment web --port=80
    k rollout status deployment web --timeout=90s
    local address
    address=$(k get service web -o jsonpath='{.spec.clusterIP}')
    # Pods of the first template end without waiting for the rules to pass them over, so the first requests may meet one.
    eventually 30 three_pods
    contains "$(answers "http://$address/")" "version 1"
    rm -f "$work/stop"
    (
        good=0 bad=0
        while [ ! -e "$work/stop" ]; do
            if answers "http://$address/" > /dev/null; then good=$((good + 1)); else bad=$((bad + 1)); fi
        done
        echo "$good $bad" > "$work/requests"
    ) &
    local client=$!
    k set image deployment web nginx=127.0.0.1:5000/nginx:2
    k rollout status deployment web --timeout=90s
    sleep 1
    touch "$work/stop"
    wait $client
    contains "$(answers "http://$address/")" "version 2"
    read -r good bad < "$work/requests"
    echo "$good requests, $bad failed"
    equal "failed requests" 0 "$bad"
    [ "$good" -gt 20 ]
}

three_pods() { [ "$(k get pods -l app=web -o name | wc -l)" = 3 ]; }

test_a_broken_image_leaves_the_old_pods_serving() {
    k set image deployment web nginx=127.0.0.1:5000/nginx:missing
    eventually 60 waiting_for_image
    local address
    address=$(k get service web -o jsonpath='{.spec.clusterIP}')
    contains "$(answers "http://$address/")" "version 2"
    contains "$(k describe pods -l app=web)" "127.0.0.1:5000/nginx:missing" "not found"
}

waiting_for_image() {
    k get pods -l app=web | grep -q ImagePullBackOff
}

test_undo_brings_it_back() {
    k rollout undo deployment web
    k rollout status deployment web --timeout=60s
    equal "all ready" 3 "$(k get deployment web -o jsonpath='{.status.readyReplicas}')"
    k delete deployment,service web
}

test_a_new_label_of_the_node_counts_at_once() {
    k label node --all disk=ssd
    k run picky --image="127.0.0.1:5000/tools:1" --overrides='{"spec":{"nodeSelector":{"disk":"ssd"}}}' --restart=Never -- true
    eventually 20 has_ended picky
    k delete pod picky
    k label node --all disk-
}

has_ended() { [ "$(k get pod "$1" -o jsonpath='{.status.phase}')" = Succeeded ]; }
