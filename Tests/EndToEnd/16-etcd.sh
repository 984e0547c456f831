# Two API servers on one etcd: TLS, kill -9 of both, encryption at rest, leaders that hand over.
# shellcheck shell=bash

e=$work/e
plain=e2e-etcd-plain-value
hidden=e2e-etcd-hidden-value

declare -A address=([one]=$node_ip [two]=192.0.2.9)

# ke SERVER ARGUMENT...: kubectl at the API server of that name.
ke() {
    local server=$1
    shift
    on_node kubectl --kubeconfig "$e/super-admin.conf" --server "https://${address[$server]}:6443" "$@"
}

begin_etcd() {
    (in_place etcd --name one --data-dir "$e/etcd" --log-level error --logger zap \
        --listen-client-urls https://$node_ip:2379 --advertise-client-urls https://$node_ip:2379 \
        --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster one=http://127.0.0.1:2380 \
        --cert-file "$e/pki/apiserver.crt" --key-file "$e/pki/apiserver.key" --trusted-ca-file "$e/pki/ca.crt" --client-cert-auth) \
        >> "$e/etcd.log" 2>&1 &
    echo $! > "$e/etcd.pid"
}

# begin_server NAME
begin_server() {
    local name=server-$1 own=${address[$1]}
    (in_place "$e/kube-apiserver" --advertise-address="$own" --bind-address="$own" --secure-port=6443 --client-ca-file="$e/pki/ca.crt" \
        --tls-cert-file="$e/pki/apiserver.crt" --tls-private-key-file="$e/pki/apiserver.key" \
        --service-account-key-file="$e/pki/sa.pub" --service-account-signing-key-file="$e/pki/sa.key" \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local --service-cluster-ip-range=10.96.0.0/12 \
        --encryption-provider-config="$e/encryption.yaml" --etcd-servers=https://$node_ip:2379 --etcd-cafile="$e/pki/ca.crt" \
        --etcd-certfile="$e/client.crt" --etcd-keyfile="$e/client.key" --etcd-prefix=/e2e) >> "$e/$name.log" 2>&1 &
    echo $! > "$e/$name.pid"
}

# begin_manager NAME: a controller manager at the API server of that name.
begin_manager() {
    local name=manager-$1
    sed "s|server: .*|server: https://${address[$1]}:6443|" "$e/controller-manager.conf" > "$e/$name.conf"
    chmod 600 "$e/$name.conf"
    (in_place "$e/kube-controller-manager" --kubeconfig="$e/$name.conf" --secure-port=0 --root-ca-file="$e/pki/ca.crt" \
        --service-account-private-key-file="$e/pki/sa.key" --use-service-account-credentials=true \
        --leader-elect-lease-duration=4s --leader-elect-renew-deadline=3s --leader-elect-retry-period=1s) >> "$e/$name.log" 2>&1 &
    echo $! > "$e/$name.pid"
}

kill_hard() { kill -9 "$(cat "$e/$1.pid")"; }
holder() { ke one get lease -n kube-system kube-controller-manager -o jsonpath='{.spec.holderIdentity}'; }
has_pods() { [ "$(ke one get pods -o name | grep -c idle-)" = "$1" ]; }
endpoints_are() { [ "$(ke two get endpoints kubernetes -o jsonpath='{.subsets[*].addresses[*].ip}')" = "$1" ]; }
has_holder() { [ -n "$(holder)" ]; }
has_another_holder() { has_holder && [ "$(holder)" != "$1" ]; }

test_etcd_flags_that_make_no_sense_are_refused() {
    mkdir -p "$e"
    for name in kube-apiserver kube-controller-manager kubeadm; do ln -sf "$PWD/build/apus" "$e/$name"; done
    refuses "--etcd-servers 127.0.0.1:2379 must be an address" "$e/kube-apiserver" --etcd-servers=127.0.0.1:2379
    refuses "--etcd-servers must be specified" "$e/kube-apiserver" --storage-backend=etcd3
    refuses "give --etcd-servers too" "$e/kube-apiserver" --etcd-cafile=/x
    refuses "leave it out with --etcd-servers" "$e/kube-apiserver" --etcd-servers=http://127.0.0.1:1 --sqlite-data-dir="$e/x"
}

test_two_servers_on_one_etcd() {
    on_node ip address add "${address[two]}/24" dev "e${id}0"
    on_node "$e/kubeadm" init phase certs all --apiserver-advertise-address=$node_ip --apiserver-cert-extra-sans="${address[two]}" \
        --node-name=node1 --cert-dir="$e/pki" > /dev/null
    on_node "$e/kubeadm" init phase kubeconfig all --apiserver-advertise-address=$node_ip --node-name=node1 --cert-dir="$e/pki" \
        --kubeconfig-dir="$e" > /dev/null
    cp "$e/pki/apiserver-kubelet-client.crt" "$e/client.crt"
    cp "$e/pki/apiserver-kubelet-client.key" "$e/client.key"
    printf 'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: [{resources: [secrets], providers: [{secretbox: {keys: [{name: one, secret: "%s"}]}}]}]\n' \
        "$(head -c 32 /dev/urandom | base64)" > "$e/encryption.yaml"
    chmod 600 "$e/encryption.yaml"
    # The servers wait for etcd, and say so.
    begin_server one
    eventually 20 grep -q "$node_ip:2379" "$e/server-one.log"
    begin_etcd
    begin_server two
    for server in one two; do
        eventually 30 ke $server get --raw /readyz
        contains "$(ke $server get --raw '/readyz?verbose')" "[+]etcd ok" "[+]etcd-readiness ok"
    done
}

watched_elsewhere() {
    ke one create configmap "w$RANDOM" --from-literal=k=v
    grep -q configmap/w "$e/watched"
}

test_both_servers_are_endpoints() {
    eventually 20 endpoints_are "${address[one]} ${address[two]}"
}

test_what_one_has_written_the_other_knows() {
    local index
    for index in 1 2 3 4 5; do
        ke one create configmap "c$index" --from-literal=k="$plain"
        equal "read elsewhere" "$plain" "$(ke two get configmap "c$index" -o jsonpath='{.data.k}')"
    done
    ke two delete configmap c5
    refuses NotFound ke one get configmap c5
    ke two get configmaps --watch-only -o name > "$e/watched" 2>&1 &
    local watching=$!
    eventually 20 watched_elsewhere
    kill $watching
}

test_secrets_are_encrypted_in_etcd() {
    ke one create secret generic hidden --from-literal=k="$hidden"
    equal "the secret elsewhere" "$hidden" "$(ke two get secret hidden -o jsonpath='{.data.k}' | base64 -d)"
    grep -rqa "$plain" "$e/etcd"
    grep -rqa /e2e/secrets/default/hidden "$e/etcd"
    grep -rqa k8s:enc:secretbox:v1:one: "$e/etcd"
    ! grep -rqa "$(printf %s "$hidden" | base64)" "$e/etcd"
}

test_leaders_hand_over() {
    local first
    begin_manager one
    begin_manager two
    eventually 20 has_holder
    first=$(holder)
    ke two create deployment idle --image=none --replicas=1
    eventually 20 has_pods 1
    # One of the two has it: killing both in turn must move it, whichever it is.
    case $(grep -l "became leader" "$e"/manager-*.log) in
        *manager-one*) kill_hard manager-one ;;
        *) kill_hard manager-two ;;
    esac
    eventually 20 has_another_holder "$first"
    ke one scale deployment idle --replicas=2
    eventually 20 has_pods 2
}

# etcdctl as the servers themselves are let in.
at_etcd() {
    on_node env ETCDCTL_API=3 etcdctl --endpoints https://$node_ip:2379 --cacert "$e/pki/ca.crt" --cert "$e/client.crt" --key "$e/client.key" "$@"
}

test_events_go_with_their_leases() {
    local leases
    ke two get events -o name | grep -q event
    for lease in $(at_etcd lease list | grep -v found); do leases+=$(at_etcd lease timetolive "$lease" --keys); done
    # An hour, and as much more as leases may be shared for.
    contains "$leases" /e2e/events/default/ "granted with TTL(3660s)"
    refuses "" at_etcd --cert="" --key="" --command-timeout=2s get x
}

test_etcd_is_killed() {
    local revision
    revision=$(ke one create configmap before --from-literal=k=v -o jsonpath='{.metadata.resourceVersion}')
    kill_hard etcd
    eventually 10 refuses "[-]etcd failed" ke one get --raw '/livez?verbose'
    refuses "[-]etcd-readiness failed" ke two get --raw '/readyz?verbose'
    eventually 10 grep -q "etcd cannot be followed.*$node_ip:2379" "$e/server-one.log"
    # What is known is still told, and what cannot be written is said.
    ke one get --raw '/api/v1/namespaces/default/configmaps/before?resourceVersion=0'
    refuses "etcd" ke one create configmap meanwhile-"$RANDOM" --from-literal=k=v
    begin_etcd
    for server in one two; do
        eventually 30 ke $server get --raw /readyz
        equal "still there" "$revision" "$(ke $server get configmap before -o jsonpath='{.metadata.resourceVersion}')"
    done
    ke one create configmap after --from-literal=k=v
    ke two get configmap after
}

test_a_server_is_killed() {
    kill_hard server-one
    ke two create configmap meanwhile --from-literal=k=v
    eventually 40 endpoints_are "${address[two]}"
    begin_server one
    eventually 30 ke one get --raw /readyz
    equal "written meanwhile" v "$(ke one get configmap meanwhile -o jsonpath='{.data.k}')"
}

test_another_certificate_is_taken_in() {
    # The servers look at their files every few seconds.
    on_node "$e/kubeadm" certs renew apiserver-kubelet-client --cert-dir="$e/pki" > /dev/null
    cp "$e/pki/apiserver-kubelet-client.crt" "$e/client.crt"
    cp "$e/pki/apiserver-kubelet-client.key" "$e/client.key"
    eventually 20 grep -q "a file was taken in anew" "$e/server-two.log"
    ke two create configmap renewed --from-literal=k=v
    ke one get configmap renewed
    keeps_secrets "$e" "$hidden" "$(grep -o 'secret: "[^"]*' "$e/encryption.yaml" | cut -d '"' -f 2)"
    for name in manager-one manager-two server-one server-two etcd; do kill "$(cat "$e/$name.pid")" 2> /dev/null || true; done
    on_node ip address delete "${address[two]}/24" dev "e${id}0"
}
