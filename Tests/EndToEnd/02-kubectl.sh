# The commands of kubectl, each as on any cluster.
# shellcheck shell=bash

pod() { k get pods -l app=hello -o jsonpath='{.items[0].metadata.name}'; }

test_get_in_all_forms() {
    contains "$(k get nodes)" NAME STATUS ROLES AGE VERSION Ready v1.36.3
    contains "$(k get pods -A -o wide)" NAMESPACE READY RESTARTS "NOMINATED NODE" "READINESS GATES" 1/1 Running
    contains "$(k get pods -o yaml)" "kind: List" "kind: Pod" "app: hello"
    contains "$(k get pods -o json)" '"kind": "Pod"'
    contains "$(k get pods -o custom-columns=N:.metadata.name,I:.spec.containers[0].image)" "apus.local/hello"
    equal "by label" 3 "$(k get pods -l app=hello -o name | wc -l)"
    equal "by another label" 0 "$(k get pods -l 'app notin (hello)' -o name | wc -l)"
    equal "by field" 3 "$(k get pods -l app=hello --field-selector status.phase=Running -o name | wc -l)"
    refuses 'pods "nothing" not found' k get pod nothing
    contains "$(k get all)" pod/hello service/hello deployment.apps/hello replicaset.apps/hello
}

test_get_watch() {
    in_place kubectl get configmaps --watch -o name > "$work/watch" &
    local watcher=$!
    eventually 5 grep -q configmap/hello "$work/watch"
    k create configmap watched --from-literal=a=b
    eventually 5 grep -q configmap/watched "$work/watch"
    kill $watcher
    k delete configmap watched
}

test_describe() {
    contains "$(k describe node)" Capacity: Allocatable: Conditions: "KubeletReady" "Non-terminated Pods"
    contains "$(k describe pod "$(pod)")" "Controlled By:  ReplicaSet/hello" Events: Scheduled Pulled Created Started
    contains "$(k describe deployment hello)" "3 desired | 3 updated | 3 total | 3 available" NewReplicaSetAvailable ScalingReplicaSet
    contains "$(k describe service hello)" Endpoints: "NodePort:"
}

test_apply_and_edit() {
    cat > "$work/cm.yaml" <<-'Y'
		apiVersion: v1
		kind: ConfigMap
		metadata: {name: applied}
		data: {a: "1", b: "2"}
	Y
    contains "$(k apply -f "$work/cm.yaml")" created
    contains "$(k apply -f "$work/cm.yaml")" unchanged
    sed -i 's/a: "1", //' "$work/cm.yaml"
    contains "$(k apply -f "$work/cm.yaml")" configured
    equal "an unset key goes" '{"b":"2"}' "$(k get configmap applied -o jsonpath='{.data}')"
    EDITOR="sed -i s/b:/c:/" k edit configmap applied
    equal "edited" '{"c":"2"}' "$(k get configmap applied -o jsonpath='{.data}')"
    k delete -f "$work/cm.yaml"
}

test_patch_in_three_types() {
    k create configmap patched --from-literal=a=1
    k patch configmap patched --type merge -p '{"data":{"b":"2"}}'
    k patch configmap patched --type json -p '[{"op":"replace","path":"/data/a","value":"3"}]'
    k patch configmap patched --type strategic -p '{"metadata":{"labels":{"x":"y"}}}'
    equal "patched" '{"a":"3","b":"2"} y' "$(k get configmap patched -o jsonpath='{.data} {.metadata.labels.x}')"
    k patch deployment hello -p '{"spec":{"template":{"spec":{"containers":[{"name":"hello","env":[{"name":"EXTRA","value":"1"}]}]}}}}'
    equal "lists merge by key" "GREETING EXTRA" \
        "$(k get deployment hello -o jsonpath='{.spec.template.spec.containers[0].env[*].name}' | tr ' ' '\n' | sort -r | xargs)"
    k rollout status deployment hello --timeout=60s
    k delete configmap patched
}

test_replace_label_annotate() {
    k create configmap replaced --from-literal=a=1
    k get configmap replaced -o yaml | sed 's/a: "1"/a: "9"/' | k replace -f -
    k label configmap replaced colour=red
    refuses "already has a value" k label configmap replaced colour=blue
    k label configmap replaced colour=blue --overwrite
    k annotate configmap replaced note=this
    equal "all three" '9 blue this' "$(k get configmap replaced -o jsonpath='{.data.a} {.metadata.labels.colour} {.metadata.annotations.note}')"
    k get configmap replaced -o json | sed 's/"resourceVersion": "[0-9]*"/"resourceVersion": "1"/' > "$work/stale.json"
    refuses "the object has been modified" k replace -f "$work/stale.json"
    k delete configmap replaced
}

test_scale_and_rollout() {
    k scale deployment hello --replicas=4
    eventually 30 has_ready_replicas 4
    k scale deployment hello --replicas=3
    contains "$(k rollout history deployment hello)" REVISION
    k set env deployment hello ROUND=two
    contains "$(k rollout status deployment hello --timeout=60s)" "successfully rolled out"
    k rollout undo deployment hello
    k rollout status deployment hello --timeout=60s
    equal "undone" "" "$(k get deployment hello -o jsonpath='{.spec.template.spec.containers[0].env[?(@.name=="ROUND")].value}')"
    k rollout restart deployment hello
    k rollout status deployment hello --timeout=60s
    k set image deployment hello hello=apus.local/hello:0.1.0
    eventually 30 has_pods 3
}

has_ready_replicas() { equal "ready" "$1" "$(k get deployment hello -o jsonpath='{.status.readyReplicas}')"; }
has_pods() { equal "pods" "$1" "$(k get pods -l app=hello -o name | wc -l)"; }

test_expose_and_run() {
    k run single --image=apus.local/hello:0.1.0 --port=8080 --labels=app=single
    k expose pod single --port=81 --target-port=8080
    k wait --for=condition=Ready pod/single --timeout=30s
    eventually 10 answers "http://$(k get service single -o jsonpath='{.spec.clusterIP}'):81/"
    k delete service single
    k delete pod single --now
}

test_logs() {
    k run talker --image=127.0.0.1:5000/tools:1 --restart=Never --command -- \
        /bin/sh -c 'for i in 1 2 3 4 5; do echo line $i; done; echo to-stderr >&2; sleep 300'
    k wait --for=condition=Ready pod/talker --timeout=60s
    contains "$(k logs talker)" "line 1" "line 5" to-stderr
    equal "--tail" 1 "$(k logs talker --tail=1 | wc -l)"
    contains "$(k logs talker --since=10m)" "line 3"
    contains "$(k logs talker --timestamps --tail=1)" T Z
    timeout 3 nsenter --net="/run/netns/$node_ns" kubectl logs -f talker > "$work/follow" || true
    contains "$(cat "$work/follow")" "line 5"
}

test_exec_attach_cp() {
    contains "$(k exec talker -- /bin/sh -c 'echo out; cat /etc/hosts')" out "Kubernetes-managed hosts file." talker
    local code=0
    k exec talker -- /bin/sh -c 'exit 7' || code=$?
    equal "exit codes come through" 7 $code
    equal "standard input" HELLO "$(echo hello | k exec -i talker -- tr a-z A-Z)"
    contains "$(script -qec "nsenter --net=/run/netns/$node_ns kubectl exec -it talker -- /bin/sh -c 'tty; echo done'" /dev/null)" /dev/ done
    echo copied > "$work/file"
    k cp "$work/file" talker:/tmp/file
    equal "there" copied "$(k exec talker -- cat /tmp/file)"
    k cp talker:/tmp/file "$work/back"
    equal "and back" copied "$(cat "$work/back")"
    cat <<-'Y' | k apply -f -
		apiVersion: v1
		kind: Pod
		metadata: {name: echoer}
		spec:
		  restartPolicy: Never
		  containers: [{name: echoer, image: "127.0.0.1:5000/tools:1", command: [cat], stdin: true, stdinOnce: true}]
	Y
    k wait --for=condition=Ready pod/echoer --timeout=60s
    contains "$( (echo attached; sleep 1) | timeout 20 nsenter --net="/run/netns/$node_ns" kubectl attach -i echoer)" attached
    k delete pod echoer --now
}

test_port_forward() {
    in_place kubectl port-forward service/hello 18080:80 > "$work/forward" &
    local forwarder=$!
    eventually 10 answers http://127.0.0.1:18080/
    contains "$(answers http://127.0.0.1:18080/)" "Hello from hello-"
    kill $forwarder
}

# streams WEBSOCKETS ARGUMENT...: kubectl, which speaks WebSockets or, as it did before, SPDY.
streams() {
    local websockets=$1
    shift
    KUBECTL_REMOTE_COMMAND_WEBSOCKETS=$websockets KUBECTL_PORT_FORWARD_WEBSOCKETS=$websockets on_node kubectl "$@"
}

# said_protocol WEBSOCKETS TEXT: what kubectl has said at length shows the one and not the other.
said_protocol() {
    case $1 in
        true) contains "$2" "The subprotocol is v5.channel.k8s.io" ;;
        false) if contains "$2" "The subprotocol is" > /dev/null; then return 1; fi ;;
    esac
}

test_exec_by_spdy_and_by_websockets() {
    kubectl_since 31 || skip "this kubectl speaks SPDY only"
    local websockets code
    head -c 3000000 /dev/urandom > "$work/blob"
    for websockets in false true; do
        said_protocol $websockets "$(streams $websockets exec -v=4 talker -- true 2>&1)"
        equal "output and error output" "out err" \
            "$(streams $websockets exec talker -- /bin/sh -c 'echo out; echo err >&2' 2> "$work/err" | xargs) $(grep -x err "$work/err")"
        code=0
        streams $websockets exec talker -- /bin/sh -c 'exit 7' || code=$?
        equal "exit codes come through" 7 $code
        streams $websockets exec -i talker -- cat < "$work/blob" | cmp - "$work/blob"
        contains "$(script -qec "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=$websockets nsenter --net=/run/netns/$node_ns \
            kubectl exec -it talker -- /bin/sh -c 'tty; echo done'" /dev/null)" /dev/ done
        refuses "executable file not found" streams $websockets exec talker -- no-such-program
        refuses "not found" streams $websockets exec no-such-pod -- true
    done
}

test_attach_by_spdy_and_by_websockets() {
    kubectl_since 31 || skip "this kubectl speaks SPDY only"
    local websockets
    for websockets in false true; do
        cat <<-Y | k apply -f -
			apiVersion: v1
			kind: Pod
			metadata: {name: echoer-$websockets}
			spec:
			  restartPolicy: Never
			  containers: [{name: echoer, image: "127.0.0.1:5000/tools:1", command: [cat], stdin: true, stdinOnce: true}]
		Y
        k wait --for=condition=Ready "pod/echoer-$websockets" --timeout=60s
        (echo attached; sleep 1) | streams $websockets attach -v=4 -i "echoer-$websockets" > "$work/attached" 2> "$work/said"
        equal "what was typed" attached "$(grep -x attached "$work/attached")"
        said_protocol $websockets "$(cat "$work/said")"
        # Its standard input has ended with ours.
        eventually 20 has_ended "echoer-$websockets"
        k delete pod "echoer-$websockets" --now
    done
}

has_ended() { [ "$(k get pod "$1" -o jsonpath='{.status.phase}')" = Succeeded ]; }

test_port_forward_by_spdy_and_by_websockets() {
    kubectl_since 31 || skip "this kubectl speaks SPDY only"
    local websockets forwarder
    for websockets in false true; do
        KUBECTL_PORT_FORWARD_WEBSOCKETS=$websockets in_place kubectl port-forward -v=6 service/hello 18083:80 > "$work/forward" 2>&1 &
        forwarder=$!
        eventually 10 answers http://127.0.0.1:18083/
        # Several connections at once, through the one to the API server.
        seq 20 | xargs -P 8 -I{} nsenter --net="/run/netns/$node_ns" curl -sf --max-time 5 -o /dev/null http://127.0.0.1:18083/
        kill $forwarder
        wait $forwarder || true
        case $websockets in
            true) contains "$(cat "$work/forward")" "negotiated protocol: portforward.k8s.io" ;;
            false) if contains "$(cat "$work/forward")" "negotiated protocol:" > /dev/null; then return 1; fi ;;
        esac
    done
}

test_delete_in_three_ways() {
    k run a --image=apus.local/hello:0.1.0
    k run b --image=apus.local/hello:0.1.0
    k run c --image=apus.local/hello:0.1.0
    k wait --for=condition=Ready pod/a pod/b pod/c --timeout=60s
    k delete pod a
    k delete pod b --now
    k delete pod c --force
    equal "all gone" "" "$(k get pods a b c --ignore-not-found -o name)"
    k wait --for=delete pod/talker --timeout=1s 2>/dev/null && return 1
    k delete pod talker --now
}

test_the_rest() {
    if kubectl_since 26; then contains "$(k events)" REASON Started; fi
    contains "$(k api-resources)" deployments "apps/v1" configmaps cm
    contains "$(k api-versions)" apps/v1 v1
    contains "$(k explain pod.spec.containers.image)" FIELD: image
    contains "$(k cluster-info)" "control plane" "$node_ip:6443"
    equal "may do all" yes "$(k auth can-i '*' '*')"
    equal "may not" no "$(k auth can-i get pods --as=nobody || true)"
    if kubectl_since 28; then contains "$(k auth whoami)" kubernetes-admin; fi
}

test_component_statuses() {
    local table
    table=$(k get componentstatuses 2>"$work/warning")
    contains "$table" NAME STATUS MESSAGE ERROR controller-manager scheduler Healthy ok
    contains "$(cat "$work/warning")" "v1 ComponentStatus is deprecated in v1.19+"
    equal "one of them" True "$(k get cs scheduler -o jsonpath='{.conditions[0].status}' 2>/dev/null)"
}

range_is_ready() { [ "$(k get servicecidr kubernetes -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = True ]; }

test_service_ranges() {
    eventually 20 range_is_ready
    equal "and kept" networking.k8s.io/service-cidr-finalizer "$(k get servicecidr kubernetes -o jsonpath='{.metadata.finalizers[0]}')"
    contains "$(k get ipaddress "$(k get service hello -o jsonpath='{.spec.clusterIP}')")" services/default/hello
}

test_definitions_are_checked() {
    cat > "$work/crd.yaml" <<-'Y'
		apiVersion: apiextensions.k8s.io/v1
		kind: CustomResourceDefinition
		metadata: {name: shoes.example.com}
		spec:
		  group: example.com
		  scope: Namespaced
		  names: {plural: shoes, kind: Shoe}
		  versions:
		  - name: v1
		    served: true
		    storage: true
		    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {}}}}}}
	Y
    refuses 'spec.validation.openAPIV3Schema.properties[spec].properties[size].type: Required value: must not be empty for specified object fields' \
        k create -f "$work/crd.yaml"
    sed -i 's/size: {}/size: {type: integer}/' "$work/crd.yaml"
    contains "$(k create -f "$work/crd.yaml")" created
    equal "defaults" "shoe ShoeList None v1" \
        "$(k get crd shoes.example.com -o jsonpath='{.spec.names.singular} {.spec.names.listKind} {.spec.conversion.strategy} {.status.storedVersions[0]}')"
    k delete crd shoes.example.com
}
