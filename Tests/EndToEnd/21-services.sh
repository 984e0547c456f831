# Services of all types on a cluster of three machines: addresses, policies, affinity, names, and connections that outlive their proxy.
# shellcheck shell=bash

. "$here/labs.sh"
lab_name=services

ks() { at Master kubectl "$@"; }

# spread NAME PORT COMMAND: a pod on each worker that runs the command, behind no service yet.
spread() {
    ks apply -f - <<-Y
		apiVersion: apps/v1
		kind: DaemonSet
		metadata: {name: $1}
		spec:
		  selector: {matchLabels: {app: $1}}
		  template:
		    metadata: {labels: {app: $1}}
		    spec:
		      terminationGracePeriodSeconds: 0
		      containers:
		      - name: $1
		        image: docker.io/library/tools:1
		        imagePullPolicy: Never
		        ports: [{containerPort: $2}]
		        command: [/bin/sh, -c, '$3']
	Y
}

pod_at() { ks get pods -l "app=$2" --field-selector "spec.nodeName=$1" -o 'jsonpath={.items[0].metadata.name}'; }
ip_of() { ks get service "$1" -o 'jsonpath={.spec.clusterIP}'; }
node_port_of() { ks get service "$1" -o 'jsonpath={.spec.ports[0].nodePort}'; }

# who URL [TIMES]: the different first lines of the answers, from the shell of a machine or, after in_pod, of a pod.
asked='for i in $(seq ${2:-1}); do curl -sf -m 3 "$1" || echo silence; done | sort -u'
from_machine() { at "$1" sh -c "$asked" who "$2" "${3:-1}"; }
from_pod() { ks exec "$1" -- sh -c "$asked" who "$2" "${3:-1}"; }

test_services_a_cluster_of_three() {
    lab up
    archive_tools
    for machine in WorkNode1 WorkNode2; do at "$machine" ctr -n k8s.io images import - < "$work/tools.tar"; done
    # Answers with its name, and with the address that the question came from.
    spread web 8080 'mkdir -p /tmp/w/cgi-bin; printf "#!/bin/sh\necho; hostname\n" > /tmp/w/cgi-bin/who;
        printf "#!/bin/sh\necho; echo \$REMOTE_ADDR\n" > /tmp/w/cgi-bin/whence; chmod +x /tmp/w/cgi-bin/*; exec httpd -f -p 0.0.0.0:8080 -h /tmp/w'
    spread echo 7000 'exec nc -ll -p 7000 -e /bin/cat'
    ks rollout status daemonset/web --timeout=60s
    ks rollout status daemonset/echo --timeout=60s
    ks create service clusterip web --tcp=80:8080
    # Rules of somebody else, which stay as they are.
    at WorkNode1 nft 'add table ip others; add chain ip others c { type filter hook input priority 0; policy accept; }; add rule ip others c counter'
}

test_services_cluster_ip_and_name_across_nodes() {
    for node in worknode1 worknode2; do
        eventually 20 both from_pod "$(pod_at $node web)" http://web.default.svc.cluster.local/cgi-bin/who
    done
    eventually 20 both from_machine Master "http://$(ip_of web)/cgi-bin/who"
}

# gives EXPECTED COMMAND..., shows PART COMMAND...: what a command prints is this, or has this in it.
gives() {
    local expected=$1
    shift
    equal "$*" "$expected" "$("$@")"
}

shows() {
    local part=$1
    shift
    contains "$("$@")" "$part"
}

# both FROM WHERE URL: both pods answer, and nothing else is heard.
both() { equal answers "$(printf '%s\n' "$(pod_at worknode1 web)" "$(pod_at worknode2 web)" | sort | paste -sd' ')" "$("$1" "$2" "$3" 40 | paste -sd' ')"; }

test_services_a_pod_reaches_itself() {
    local pod
    pod=$(pod_at worknode1 web)
    ks label pod "$pod" only=me
    ks create service clusterip me --tcp=80:8080
    ks set selector service me only=me
    eventually 20 gives "$pod" from_pod "$pod" "http://$(ip_of me)/cgi-bin/who"
    equal "others see the pod's own address" "$(ks get pod "$(pod_at worknode2 web)" -o 'jsonpath={.status.podIP}')" \
        "$(from_pod "$(pod_at worknode2 web)" "http://$(ip_of me)/cgi-bin/whence")"
}

test_services_node_ports_and_the_external_policy() {
    local port
    ks create service nodeport outside --tcp=80:8080
    ks set selector service outside app=web
    port=$(node_port_of outside)
    # Any node leads to every pod.
    eventually 20 both from_machine Master "http://10.0.2.16:$port/cgi-bin/who"
    ks patch service outside -p '{"spec":{"externalTrafficPolicy":"Local"}}'
    eventually 20 gives "$(pod_at worknode1 web)" from_machine Master "http://10.0.2.16:$port/cgi-bin/who" 10
    equal "keeps the address" 10.0.2.15 "$(from_machine Master "http://10.0.2.17:$port/cgi-bin/whence")"
    equal "no pod, no answer" silence "$(from_machine WorkNode1 "http://10.0.2.15:$port/cgi-bin/who")"
}

test_services_load_balancers_are_nodes() {
    ks create service loadbalancer balanced --tcp=80:8080
    ks set selector service balanced app=web
    eventually 20 gives "10.0.2.16 10.0.2.17" ks get service balanced -o 'jsonpath={.status.loadBalancer.ingress[*].ip}'
    contains "$(ks get service balanced)" 10.0.2.16,10.0.2.17
    eventually 20 both from_machine Master http://10.0.2.17/cgi-bin/who
    # A port that is taken, and whose it is.
    ks create service loadbalancer rival --tcp=80:8080
    eventually 20 shows "belongs to default/balanced" ks describe service rival
    equal "waits" "" "$(ks get service rival -o 'jsonpath={.status.loadBalancer.ingress}')"
    ks delete service balanced
    eventually 20 gives 10.0.2.16 ks get service rival -o 'jsonpath={.status.loadBalancer.ingress[0].ip}'
    ks delete service rival
}

test_services_clients_stay_and_traffic_stays() {
    local pod
    pod=$(pod_at worknode1 web)
    ks patch service web -p '{"spec":{"sessionAffinity":"ClientIP"}}'
    eventually 20 one_answers "$pod"
    ks patch service web -p '{"spec":{"sessionAffinity":"None","internalTrafficPolicy":"Local"}}'
    for node in worknode1 worknode2; do
        eventually 20 gives "$(pod_at $node web)" from_pod "$(pod_at $node web)" "http://$(ip_of web)/cgi-bin/who" 20
    done
    ks patch service web -p '{"spec":{"internalTrafficPolicy":"Cluster"}}'
}

one_answers() { equal answers 1 "$(from_pod "$1" "http://$(ip_of web)/cgi-bin/who" 30 | wc -l)"; }

test_services_without_an_address_and_names_of_other_places() {
    local pod other address
    pod=$(pod_at worknode1 web)
    ks create service clusterip headless --clusterip=None --tcp=8080:8080
    ks set selector service headless app=web
    for node in worknode1 worknode2; do
        other=$(pod_at $node web)
        address=$(ks get pod "$other" -o 'jsonpath={.status.podIP}')
        eventually 20 shows "$address" ks exec "$pod" -- nslookup headless.default.svc.cluster.local
        equal "by its own address" "$other" "$(from_pod "$pod" "http://$address:8080/cgi-bin/who")"
    done
    eventually 20 shows web- from_pod "$pod" http://headless:8080/cgi-bin/who
    ks create service externalname elsewhere --external-name=web.default.svc.cluster.local
    eventually 20 shows web.default.svc.cluster.local ks exec "$pod" -- nslookup -type=cname elsewhere.default.svc.cluster.local
    eventually 20 both from_pod "$pod" http://elsewhere/cgi-bin/who
}

# The DNS service: one port, by datagrams and by streams, its pods moved away from who asks.
test_services_a_port_of_two_protocols() {
    local pod
    ks patch deployment coredns -n kube-system -p '{"spec":{"replicas":1,"template":{"spec":{"nodeSelector":{"kubernetes.io/hostname":"worknode2"}}}}}'
    ks rollout status deployment coredns -n kube-system --timeout=90s
    pod=$(pod_at worknode1 web)
    eventually 20 shows "$(ip_of web)" ks exec "$pod" -- nslookup web.default.svc.cluster.local 10.96.0.10
    # The length before a question, and the whole of it: the type A of web.default.svc.cluster.local.
    eventually 20 at WorkNode1 bash -c 'exec 3<> /dev/tcp/10.96.0.10/53
        printf "\0\057\0\1\1\0\0\1\0\0\0\0\0\0\3web\7default\3svc\7cluster\5local\0\0\1\0\1" >&3
        [ "$(timeout 3 head -c 4 <&3 | od -An -tx1 | cut -d" " -f4,5)" = "00 01" ]'
}

test_services_connections_outlive_the_proxy() {
    local port
    ks create service nodeport echo --tcp=7000:7000
    ks set selector service echo app=echo
    port=$(node_port_of echo)
    eventually 20 at Master bash -c "exec 3<> /dev/tcp/10.0.2.16/$port && echo x >&3 && read -t 3 <&3"
    at Master bash -c '
        exec 3<> "/dev/tcp/10.0.2.16/$1" 4<> "/dev/tcp/$2/7000"
        for end in 3 4; do echo before >&$end; read -r -t 5 answer <&$end && [ "$answer" = before ] || exit 1; done
        kubectl delete pod -n kube-system -l k8s-app=kube-proxy
        kubectl rollout status -n kube-system daemonset/kube-proxy --timeout=60s
        for end in 3 4; do echo after >&$end; read -r -t 5 answer <&$end && [ "$answer" = after ] || exit 1; done' \
        keep "$port" "$(ip_of echo)"
    eventually 20 both from_machine Master "http://$(ip_of web)/cgi-bin/who"
}

test_services_rules_of_others_are_left_alone() {
    contains "$(at WorkNode1 nft list table ip others)" "type filter hook input priority filter; policy accept;" "counter packets"
}

test_services_end() { lab down; }
