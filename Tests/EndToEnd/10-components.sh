# Every component as a process of its own, under its upstream name and flags.
# shellcheck shell=bash

c=$work/c
bin=$work/bin
declare -A running

kc() { on_node kubectl --kubeconfig "$c/super-admin.conf" "$@"; }

# The binary answers to the name it is called by.
make_names() {
    mkdir -p "$bin" "$c"
    for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy cluster-dns pod-network kubeadm; do
        ln -sf "$PWD/build/apus" "$bin/$name"
    done
}

# begin NAME FLAG...: starts a component; its process and its log are known by the name.
begin() {
    local name=$1
    shift
    # Not by on_node: the process must be the component itself, and no shell around it.
    nsenter --net="/run/netns/$node_ns" "$bin/$name" "$@" >> "$c/$name.log" 2>&1 &
    echo $! > "$c/$name.pid"
}

begin_one() {
    case $1 in
        kube-apiserver)
            begin kube-apiserver --advertise-address=$node_ip --secure-port=6443 --client-ca-file="$c/pki/ca.crt" \
                --tls-cert-file="$c/pki/apiserver.crt" --tls-private-key-file="$c/pki/apiserver.key" \
                --kubelet-client-certificate="$c/pki/apiserver-kubelet-client.crt" --kubelet-client-key="$c/pki/apiserver-kubelet-client.key" \
                --service-account-key-file="$c/pki/sa.pub" --service-account-signing-key-file="$c/pki/sa.key" \
                --service-account-issuer=https://kubernetes.default.svc.cluster.local --service-cluster-ip-range=10.96.0.0/12 \
                --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
                --sqlite-data-dir="$c/store" --profiling=false --token-auth-file="$c/tokens.csv" --encryption-provider-config="$c/encryption.yaml" \
                --audit-policy-file="$c/audit.yaml" --audit-log-path="$c/audit.log"
            ;;
        kube-controller-manager)
            begin kube-controller-manager --kubeconfig="$c/controller-manager.conf" --authentication-kubeconfig="$c/controller-manager.conf" \
                --authorization-kubeconfig="$c/controller-manager.conf" --client-ca-file="$c/pki/ca.crt" --bind-address=0.0.0.0 \
                --allocate-node-cidrs --cluster-cidr=10.244.0.0/16 --root-ca-file="$c/pki/ca.crt" --leader-elect=true \
                --leader-elect-lease-duration=4s --leader-elect-renew-deadline=3s --leader-elect-retry-period=1s \
                --cluster-signing-cert-file="$c/pki/ca.crt" --cluster-signing-key-file="$c/pki/ca.key" --use-service-account-credentials=true \
                --service-account-private-key-file="$c/pki/sa.key" --feature-gates=LegacyServiceAccountTokenNoAutoGeneration=false
            ;;
        kube-scheduler)
            begin kube-scheduler --config="$c/scheduler.yaml" --authentication-kubeconfig="$c/scheduler.conf" \
                --authorization-kubeconfig="$c/scheduler.conf" --bind-address=127.0.0.1
            ;;
        kubelet)
            begin kubelet --config="$c/kubelet.yaml" --kubeconfig="$c/kubelet.conf" --hostname-override=node1 --node-ip $node_ip \
                --root-dir="$c/kubelet" --cert-dir="$c/kubelet/pki" --node-labels=disk=ssd
            ;;
        kube-proxy) begin kube-proxy --config="$c/proxy.yaml" --hostname-override=node1 ;;
        pod-network)
            begin pod-network --kubeconfig="$c/super-admin.conf" --hostname-override=node1 --data-dir="$c/network" \
                --service-cluster-ip-range=10.96.0.0/12
            ;;
        cluster-dns) begin cluster-dns --kubeconfig="$c/super-admin.conf" --bind-address=$node_ip --port=10053 ;;
    esac
}

components="kube-apiserver kube-controller-manager kube-scheduler pod-network kubelet kube-proxy cluster-dns"

write_files() {
    cat > "$c/scheduler.yaml" <<-Y
		apiVersion: kubescheduler.config.k8s.io/v1
		kind: KubeSchedulerConfiguration
		clientConnection: {kubeconfig: "$c/scheduler.conf"}
		leaderElection: {leaderElect: true, leaseDuration: 4s, renewDeadline: 3s, retryPeriod: 1s}
	Y
    cat > "$c/proxy.yaml" <<-Y
		apiVersion: kubeproxy.config.k8s.io/v1alpha1
		kind: KubeProxyConfiguration
		mode: nftables
		clusterCIDR: 10.244.0.0/16
		clientConnection: {kubeconfig: "$c/super-admin.conf"}
	Y
    cat > "$c/kubelet.yaml" <<-Y
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: "$c/pki/ca.crt"}}
		authorization: {mode: Webhook}
		clusterDNS: [10.96.0.10]
		cgroupRoot: /apus-e2e-$id
		containerRuntimeEndpoint: unix://$c/containerd.sock
		failSwapOn: false
		podLogsDir: $c/logs
		staticPodPath: $c/manifests
	Y
    echo 'e2e-static-token,ana,7,"watchers,others"' > "$c/tokens.csv"
    printf 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n' > "$c/audit.yaml"
    cat > "$c/encryption.yaml" <<-Y
		apiVersion: apiserver.config.k8s.io/v1
		kind: EncryptionConfiguration
		resources: [{resources: [secrets], providers: [{aesgcm: {keys: [{name: one, secret: "$(head -c 32 /dev/urandom | base64)"}]}}]}]
	Y
    chmod 600 "$c/tokens.csv" "$c/encryption.yaml"
    mkdir -p "$c/manifests"
    runtime_file "$c/containerd/root" "$c/containerd/state" "$c/containerd.sock" 127.0.0.1:5000/pause:1 "$c/network/cni/net.d" \
        > "$c/containerd.toml"
}

# A pause container that is somebody else's.
push_pause() {
    local root=$work/pause
    mkdir -p "$root/bin"
    cp /bin/busybox "$root/bin/sleep"
    push "$root" pause:1 /bin/sleep 1000000000
}

test_certificates_and_kubeconfigs() {
    make_names
    local flags=(--apiserver-advertise-address=$node_ip --node-name=node1 --cert-dir="$c/pki" --kubeconfig-dir="$c")
    contains "$(on_node "$bin/kubeadm" init phase certs all "${flags[@]}")" '[certs] Generating "ca" certificate and key' $node_ip
    contains "$(on_node "$bin/kubeadm" init phase certs all "${flags[@]}")" '[certs] Using existing ca certificate authority'
    contains "$(on_node "$bin/kubeadm" init phase kubeconfig all "${flags[@]}")" 'Writing "controller-manager.conf"'
    equal "only root reads keys" 600 "$(stat -c %a "$c/pki/ca.key")"
}

test_flags_are_upstreams() {
    contains "$("$bin/kubelet" --version)" "Kubernetes v1.36"
    contains "$("$bin/kube-scheduler" --help)" "Leader election flags:" "--leader-elect-lease-duration duration"
    refuses "unknown flag: --kubeconfg; the nearest is --kubeconfig" "$bin/kube-scheduler" --kubeconfg=x
    refuses "--etcd-servers-overrides is not supported" "$bin/kube-apiserver" --etcd-servers-overrides=/events#http://127.0.0.1:1
    printf 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication: {webhok: {}}\n' > "$work/bad.yaml"
    refuses 'authentication.webhok: unknown field; the nearest is "webhook"' "$bin/kubelet" --config="$work/bad.yaml"
}

test_components_make_a_cluster() {
    write_files
    push_pause
    on_node containerd --config "$c/containerd.toml" > "$c/containerd.log" 2>&1 &
    for name in $components; do begin_one "$name"; done
    eventually 30 kc get --raw /readyz
    eventually 30 kc get node node1
    kc wait --for=condition=Ready node/node1 --timeout=60s
    contains "$(kc get node node1 --show-labels)" "disk=ssd"
    kc create deployment tools --image=127.0.0.1:5000/tools:1 --replicas=2 -- /bin/sh -c 'echo "I run"; exec sleep 100000'
    kc rollout status deployment tools --timeout=90s
    contains "$(kc logs deployment/tools)" "I run"
    contains "$(kc exec deployment/tools -- hostname)" "tools-"
    contains "$(grep 'has no effect here' "$c/kube-apiserver.log")" "--allow-privileged" "--profiling"
}

test_components_say_how_they_are() {
    local port
    for port in 10257 10259; do
        equal "health of $port" ok "$(on_node curl -sk https://127.0.0.1:$port/healthz)"
        equal "metrics of $port for strangers" 403 "$(on_node curl -sk -o /dev/null -w '%{http_code}' https://127.0.0.1:$port/metrics)"
    done
    local token
    kc create serviceaccount watcher
    kc create clusterrole metrics --verb=get --non-resource-url=/metrics
    kc create clusterrolebinding metrics --clusterrole=metrics --serviceaccount=default:watcher
    echo '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}' > "$work/token.json"
    token=$(kc create --raw /api/v1/namespaces/default/serviceaccounts/watcher/token -f "$work/token.json" | grep -o '"token":"[^"]*' | cut -d'"' -f4)
    eventually 15 metrics_for "$token"
    # No flag names the authority of clients' certificates to the scheduler: it has asked the API server.
    local part
    for part in certificate key; do
        kc config view --raw -o jsonpath="{.users[0].user.client-$part-data}" | base64 -d > "$work/client.$part"
    done
    eventually 10 on_node curl -skf -o /dev/null --cert "$work/client.certificate" --key "$work/client.key" https://127.0.0.1:10259/metrics
    equal "kubelet's health" ok "$(on_node curl -s http://127.0.0.1:10248/healthz)"
    equal "kubelet for strangers" 401 "$(on_node curl -sk -o /dev/null -w '%{http_code}' https://127.0.0.1:10250/pods)"
    eventually 10 answers http://127.0.0.1:10256/healthz
    equal "proxy mode" nftables "$(on_node curl -s http://127.0.0.1:10249/proxyMode)"
    contains "$(kc get lease -n kube-system -o name)" kube-scheduler kube-controller-manager
}

metrics_for() { on_node curl -skf -H "Authorization: Bearer $1" https://127.0.0.1:10259/metrics | grep -q process_resident_memory_bytes; }

test_each_works_under_its_own_name() {
    local controllers='"username":"system:serviceaccount:kube-system:'
    contains "$(grep '"verb":"create"' "$c/audit.log" | grep '"resource":"pods"')" "${controllers}replicaset-controller"
    contains "$(grep '"verb":"create"' "$c/audit.log" | grep '"resource":"replicasets"')" "${controllers}deployment-controller"
    # The controller manager itself makes accounts and tokens, and holds its lease.
    ! grep '"username":"system:kube-controller-manager"' "$c/audit.log" | grep '"verb":"create"' | grep -E '"resource":"(pods|replicasets|endpoints)"'
    # Neither a log nor what was recorded of requests holds a credential.
    ! grep -qE 'e2e-static-token|eyJhbGciOi|PRIVATE KEY' "$c"/*.log
}

test_a_token_of_the_file() {
    local answer
    answer=$(on_node curl -sk -H 'Authorization: Bearer e2e-static-token' https://$node_ip:6443/api/v1/namespaces/default/pods)
    contains "$answer" 'User \"ana\" cannot list'
    kc create rolebinding watchers --clusterrole=view --group=watchers
    answer=$(on_node curl -sk -H 'Authorization: Bearer e2e-static-token' https://$node_ip:6443/api/v1/namespaces/default/pods)
    contains "$answer" '"kind":"PodList"'
}

test_secrets_are_not_stored_as_they_are() {
    kc create secret generic hidden --from-literal=k=e2e-hidden-value
    kc create configmap shown --from-literal=k=e2e-shown-value
    equal "the secret" e2e-hidden-value "$(kc get secret hidden -o jsonpath='{.data.k}' | base64 -d)"
    grep -rq e2e-shown-value "$c/store"
    ! grep -rq "$(printf e2e-hidden-value | base64)" "$c/store"
    grep -rq k8s:enc:aesgcm:v1:one: "$c/store"
}

test_an_account_has_a_token_as_in_old_times() {
    kc create serviceaccount old-client
    eventually 15 old_token
    equal "it counts" 403 "$(on_node curl -sk -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $(old_token)" \
        https://$node_ip:6443/api/v1/secrets)"
    kc delete serviceaccount old-client
    equal "its account is gone" 401 "$(on_node curl -sk -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $(cat "$work/old-token")" \
        https://$node_ip:6443/api/v1/secrets)"
}

# The token of the secret that the account names.
old_token() {
    local name
    name=$(kc get serviceaccount old-client -o jsonpath='{.secrets[0].name}') && [ "$name" ] || return 1
    kc get secret "$name" -o jsonpath='{.data.token}' | base64 -d > "$work/old-token"
    [ -s "$work/old-token" ] && cat "$work/old-token"
}

test_the_kubelet_asks_who_may_look() {
    local token
    kc create clusterrole node-metrics --verb=get --resource=nodes/metrics,nodes/healthz
    kc create clusterrolebinding node-metrics --clusterrole=node-metrics --serviceaccount=default:watcher
    token=$(kc create --raw /api/v1/namespaces/default/serviceaccounts/watcher/token -f "$work/token.json" | grep -o '"token":"[^"]*' | cut -d'"' -f4)
    equal "metrics" 200 "$(kubelet_says "$token" /metrics)"
    equal "health" 200 "$(kubelet_says "$token" /healthz)"
    equal "pods" 403 "$(kubelet_says "$token" /pods)"
    equal "statistics" 403 "$(kubelet_says "$token" /stats/summary)"
    equal "commands" 403 "$(kubelet_says "$token" /exec/default/x/y?command=id)"
    equal "a wrong token" 401 "$(kubelet_says nonsense /metrics)"
}

kubelet_says() { on_node curl -sk -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $1" "https://$node_ip:10250$2"; }

# says CODE PORT PATH: what is answered to who shows a certificate of the second authority; 000: there is no connection.
says() {
    equal "https://$node_ip:$2$3" "$1" \
        "$(on_node curl -sk -o /dev/null -w '%{http_code}' --cert "$work/zoe.crt" --key "$work/zoe.key" "https://$node_ip:$2$3" || true)"
}

second_counts() { says 403 6443 /api/v1/secrets && says 403 10250 /metrics && says 403 10257 /metrics; }
second_counts_not() { says 401 6443 /api/v1/secrets && says 000 10250 /metrics; }

test_another_authority_of_clients_counts_without_a_restart() {
    local before
    before=$(cat "$c"/kube-*.pid "$c/kubelet.pid")
    openssl req -x509 -new -newkey rsa:2048 -nodes -keyout "$work/second.key" -subj /CN=second -days 2 -out "$work/second.crt" 2> /dev/null
    openssl req -new -newkey rsa:2048 -nodes -keyout "$work/zoe.key" -subj /O=team/CN=zoe -out "$work/zoe.csr" 2> /dev/null
    openssl x509 -req -in "$work/zoe.csr" -CA "$work/second.crt" -CAkey "$work/second.key" -CAcreateserial -days 1 \
        -extfile <(echo extendedKeyUsage=clientAuth) -out "$work/zoe.crt" 2> /dev/null
    second_counts_not
    says 401 10257 /metrics
    cp "$c/pki/ca.crt" "$work/first.crt"
    cat "$work/first.crt" "$work/second.crt" > "$work/both.crt"
    cp "$work/both.crt" "$c/pki/ca.crt"
    eventually 20 second_counts
    kc get nodes
    cp "$work/first.crt" "$c/pki/ca.crt"
    # The controller manager has heard of it from the API server as well, and goes by that until it has ended, as upstream.
    eventually 20 second_counts_not
    kc get nodes
    equal "nobody was restarted" "$before" "$(cat "$c"/kube-*.pid "$c/kubelet.pid")"
    for name in kube-apiserver kube-controller-manager kubelet; do kill -0 "$(cat "$c/$name.pid")"; done
}

test_a_static_pod_runs_and_is_shown() {
    cat > "$c/manifests/fixed.yaml" <<-Y
		apiVersion: v1
		kind: Pod
		metadata: {name: fixed, namespace: kube-system, labels: {app: fixed}}
		spec:
		  hostNetwork: true
		  terminationGracePeriodSeconds: 1
		  containers:
		  - {name: main, image: "127.0.0.1:5000/tools:1", command: [sleep, "1000000"]}
	Y
    eventually 30 kc get pod -n kube-system fixed-node1
    kc wait --for=condition=Ready -n kube-system pod/fixed-node1 --timeout=60s
    contains "$(kc get pod -n kube-system fixed-node1 -o yaml)" "kubernetes.io/config.mirror:" "kubernetes.io/config.source: file" "kind: Node"
    local pid
    pid=$(sleep_pid)
    kc delete pod -n kube-system fixed-node1 --wait=false
    sleep 1
    eventually 30 kc get pod -n kube-system fixed-node1
    equal "its process goes on" "$pid" "$(sleep_pid)"
    kc exec -n kube-system fixed-node1 -- true
    sed -i 's/1000000/1000001/' "$c/manifests/fixed.yaml"
    eventually 60 changed
    rm "$c/manifests/fixed.yaml"
    kc wait --for=delete -n kube-system pod/fixed-node1 --timeout=60s
    [ -z "$(pgrep -f 'sleep 100000[01]$' || true)" ]
}

sleep_pid() { pgrep -f 'sleep 1000000$'; }
changed() { pgrep -f 'sleep 1000001$' && ! sleep_pid; }

test_each_component_may_die() {
    local before name
    before=$(containers)
    for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy; do
        kill -9 "$(cat "$c/$name.pid")"
        begin_one "$name"
        eventually 30 kc get --raw /readyz
        eventually 40 one_more "after-$name"
    done
    equal "containers keep their processes" "$before" "$(containers)"
}

containers() { pgrep -f 'sleep 100000$' | sort | tr '\n' ' '; }

# A pod goes the whole road: controllers, scheduler, kubelet.
one_more() {
    kc get deployment "$1" -o name || kc create deployment "$1" --image=127.0.0.1:5000/tools:1 -- sleep 99999
    [ "$(kc get deployment "$1" -o jsonpath='{.status.readyReplicas}')" = 1 ]
}

# What each has written, and what was recorded of every request, with a Secret in a pod's environment and among its files.
test_nothing_secret_lies_open() {
    kc create secret generic treasure --from-literal=word=open-sesame-7731
    kc apply -f - <<-'Y'
		apiVersion: v1
		kind: Pod
		metadata: {name: keeper}
		spec:
		  terminationGracePeriodSeconds: 0
		  containers:
		  - name: c
		    image: 127.0.0.1:5000/tools:1
		    command: [/bin/sleep, "3600"]
		    env: [{name: WORD, valueFrom: {secretKeyRef: {name: treasure, key: word}}}]
		    volumeMounts: [{name: s, mountPath: /s}]
		  volumes: [{name: s, secret: {secretName: treasure}}]
	Y
    kc wait --for=condition=Ready pod/keeper --timeout=60s
    equal "in the pod" open-sesame-7731 "$(kc exec keeper -- cat /s/word)"
    # Who changed it is on record, and what it says is not.
    contains "$(grep '"resource":"secrets"' "$c/audit.log" | grep '"name":"treasure"')" '"verb":"create"' kubernetes-
    contains "$(ls "$c")" kube-apiserver.log kube-controller-manager.log kube-scheduler.log kubelet.log kube-proxy.log cluster-dns.log audit.log
    keeps_secrets "$c" open-sesame-7731 e2e-hidden-value e2e-static-token "$(grep -o 'secret: "[^"]*' "$c/encryption.yaml" | cut -d '"' -f 2)"
    equal "what was recorded, for others" 600 "$(stat -c %a "$c/audit.log")"
}

test_components_stop_when_told() {
    local name pid
    kc delete deployments --all
    kc delete pods --all --now
    eventually 60 no_pods
    for name in cluster-dns kube-proxy kubelet pod-network kube-scheduler kube-controller-manager kube-apiserver; do
        pid=$(cat "$c/$name.pid")
        kill -TERM "$pid"
        eventually 15 gone "$pid"
        contains "$(tail -n 3 "$c/$name.log")" stopped
    done
}

no_pods() { [ -z "$(kc get pods -A -o name)" ]; }
gone() { [ ! -e "/proc/$1" ]; }
