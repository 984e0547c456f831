# Backups while the cluster runs, a store that is lost and comes back, and a cluster that moves from SQLite to etcd and back under a running
# controller manager.
# shellcheck shell=bash

b=$work/b

kb() { on_node kubectl --kubeconfig "$b/super-admin.conf" "$@"; }

# begin_backed FLAG...: the API server, over the store that the flags name.
begin_backed() {
    (in_place "$b/kube-apiserver" --advertise-address=$node_ip --bind-address=$node_ip --secure-port=6443 --client-ca-file="$b/pki/ca.crt" \
        --tls-cert-file="$b/pki/apiserver.crt" --tls-private-key-file="$b/pki/apiserver.key" \
        --service-account-key-file="$b/pki/sa.pub" --service-account-signing-key-file="$b/pki/sa.key" \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local --service-cluster-ip-range=10.96.0.0/12 "$@") \
        >> "$b/server.log" 2>&1 &
    echo $! > "$b/server.pid"
    eventually 30 kb get --raw /readyz
}

begin_on_sqlite() { begin_backed --sqlite-data-dir="$b/sqlite"; }
begin_on_etcd() {
    begin_backed --etcd-servers=https://$node_ip:2379 --etcd-cafile="$b/pki/ca.crt" --etcd-certfile="$b/pki/apiserver-kubelet-client.crt" \
        --etcd-keyfile="$b/pki/apiserver-kubelet-client.key"
}

# end NAME SIGNAL: returns when the process is gone.
end() {
    local pid
    pid=$(cat "$b/$1.pid")
    kill "-$2" "$pid"
    eventually 20 gone "$pid"
}
# Nobody may be there to take note of its end.
gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"; }

# What must be the same before and after, with the versions.
objects() {
    kb get deployments,replicasets,pods,configmaps,secrets,serviceaccounts,namespaces,clusterroles,clusterrolebindings,services,events -A \
        -o 'jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.uid} {.metadata.resourceVersion}{"\n"}{end}' | sort
}
version_of_new() { kb create configmap "$1" --from-literal=a=b -o 'jsonpath={.metadata.resourceVersion}'; }
scaled_to() {
    kb scale deployment idle "--replicas=$1"
    eventually 30 has_idle "$1"
}
has_idle() { [ "$(kb get pods -o name | grep -c idle-)" = "$1" ]; }

# A server that does not come far: with what it says.
server_of_nothing() {
    on_node timeout 20 "$b/kube-apiserver" --advertise-address=$node_ip --bind-address=127.0.0.1 --secure-port=6444 --cert-dir="$b/other" \
        --service-account-key-file="$b/pki/sa.pub" --service-account-signing-key-file="$b/pki/sa.key" --service-account-issuer=https://x "$@"
}

write_on() {
    local number=0
    while kb create configmap "written-$number" --from-literal=a=b > /dev/null 2>&1; do
        echo "written-$number" >> "$b/written"
        number=$((number + 1))
    done
}

test_backup_of_a_running_server() {
    mkdir -p "$b"
    for name in kube-apiserver kube-controller-manager kubeadm; do ln -sf "$PWD/build/apus" "$b/$name"; done
    on_node "$b/kubeadm" init phase certs all --apiserver-advertise-address=$node_ip --node-name=node1 --cert-dir="$b/pki" > /dev/null
    on_node "$b/kubeadm" init phase kubeconfig all --apiserver-advertise-address=$node_ip --node-name=node1 --cert-dir="$b/pki" \
        --kubeconfig-dir="$b" > /dev/null
    begin_on_sqlite
    (in_place "$b/kube-controller-manager" --kubeconfig="$b/controller-manager.conf" --secure-port=0 --root-ca-file="$b/pki/ca.crt" \
        --service-account-private-key-file="$b/pki/sa.key" --use-service-account-credentials=true --leader-elect=false) >> "$b/manager.log" 2>&1 &
    echo $! > "$b/manager.pid"
    kb create deployment idle --image=none --replicas=1
    eventually 30 has_idle 1
    : > "$b/written"
    write_on &
    local writer=$! before
    eventually 20 grep -q written-3 "$b/written"
    before=$(wc -l < "$b/written")
    apus backup "$b/one.backup" --sqlite-data-dir "$b/sqlite" | grep "keys as they were at revision"
    eventually 20 grep -q "written-$((before + 3))" "$b/written"
    kill $writer
    equal "the backup's mode" 600 "$(stat -c %a "$b/one.backup")"
    refuses "is there already" apus backup "$b/one.backup" --sqlite-data-dir "$b/sqlite"
    head -n "$before" "$b/written" > "$b/kept"
    version_of_new newest > "$b/newest"
}

test_a_lost_store_comes_back() {
    end server KILL
    rm -r "$b/sqlite"
    apus restore "$b/one.backup" --sqlite-data-dir "$b/sqlite"
    begin_on_sqlite
    while read -r name; do kb get configmap "$name" -o name; done < "$b/kept"
    refuses NotFound kb get configmap newest
    [ "$(version_of_new after-restore)" -gt "$(cat "$b/newest")" ]
    # Who has seen the old store cannot go on from there; the controller manager has, and lists anew.
    contains "$(kb get --raw "/api/v1/configmaps?watch=1&timeoutSeconds=5&resourceVersion=$(cat "$b/newest")" 2>&1)" 410 Expired
    scaled_to 2
}

test_only_one_server_has_a_store() {
    refuses "is in use by process $(cat "$b/server.pid")" server_of_nothing --sqlite-data-dir="$b/sqlite"
    refuses "is in use by process $(cat "$b/server.pid")" apus restore "$b/one.backup" --sqlite-data-dir "$b/sqlite" --force
}

test_from_sqlite_to_etcd() {
    local last
    last=$(version_of_new last-on-sqlite)
    # Killed, so that the last writes are in the log only.
    kill -STOP "$(cat "$b/manager.pid")"
    objects > "$b/objects"
    end server KILL
    apus backup "$b/two.backup" --sqlite-data-dir "$b/sqlite"
    apus restore "$b/two.backup" --etcd-snapshot "$b/snapshot.db" | grep "etcdctl snapshot restore $b/snapshot.db"
    ETCDCTL_API=3 etcdctl snapshot restore "$b/snapshot.db" --name one --data-dir "$b/etcd" --initial-cluster one=http://127.0.0.1:2380 \
        --initial-advertise-peer-urls http://127.0.0.1:2380 2> "$b/etcdctl.log" || { cat "$b/etcdctl.log"; return 1; }
    (in_place etcd --name one --data-dir "$b/etcd" --log-level error --logger zap \
        --listen-client-urls https://$node_ip:2379 --advertise-client-urls https://$node_ip:2379 --listen-peer-urls http://127.0.0.1:2380 \
        --cert-file "$b/pki/apiserver.crt" --key-file "$b/pki/apiserver.key" --trusted-ca-file "$b/pki/ca.crt" --client-cert-auth) \
        >> "$b/etcd.log" 2>&1 &
    echo $! > "$b/etcd.pid"
    begin_on_etcd
    objects > "$b/objects.etcd"
    diff "$b/objects" "$b/objects.etcd"
    [ "$(version_of_new first-on-etcd)" -gt "$last" ]
    contains "$(kb get --raw "/api/v1/configmaps?watch=1&timeoutSeconds=5&resourceVersion=$last" 2>&1)" 410 Expired
    kill -CONT "$(cat "$b/manager.pid")"
    scaled_to 3
}

test_from_etcd_to_sqlite() {
    local last
    kill -STOP "$(cat "$b/manager.pid")"
    last=$(version_of_new last-on-etcd)
    objects > "$b/objects"
    refuses "$node_ip:2379" apus backup "$b/three.backup" --etcd-servers=https://$node_ip:2379 --etcd-cafile="$b/pki/ca.crt"
    [ ! -e "$b/three.backup" ]
    apus backup "$b/three.backup" --etcd-servers=https://$node_ip:2379 --etcd-cafile="$b/pki/ca.crt" \
        --etcd-certfile="$b/pki/apiserver-kubelet-client.crt" --etcd-keyfile="$b/pki/apiserver-kubelet-client.key"
    end server KILL
    end etcd KILL
    head -c 20000 "$b/three.backup" > "$b/cut.backup"
    refuses "is damaged or cut short" apus restore "$b/cut.backup" --sqlite-data-dir "$b/sqlite" --force
    refuses "is not a backup" apus restore "$b/pki/ca.crt" --sqlite-data-dir "$b/sqlite" --force
    refuses "is there already" apus restore "$b/three.backup" --sqlite-data-dir "$b/sqlite"
    apus restore "$b/three.backup" --sqlite-data-dir "$b/sqlite" --force | grep "The store that was there is $b/sqlite/state.db.replaced-"
    begin_on_sqlite
    objects > "$b/objects.sqlite"
    diff "$b/objects" "$b/objects.sqlite"
    [ "$(version_of_new again-on-sqlite)" -gt "$last" ]
    kill -CONT "$(cat "$b/manager.pid")"
    scaled_to 4
}

test_a_damaged_store_says_which_backup_is_whole() {
    local command
    version_of_new in-the-backup
    apus backup --sqlite-data-dir "$b/sqlite"
    end server TERM
    dd if=/dev/urandom of="$b/sqlite/state.db" bs=4096 seek=2 count=20 conv=notrunc status=none
    refuses "is damaged" server_of_nothing --sqlite-data-dir="$b/sqlite"
    # What it says to do works as it stands there.
    command=$(server_of_nothing --sqlite-data-dir="$b/sqlite" 2>&1 | grep -o 'apus restore .*--force')
    contains "$command" "$b/sqlite/backups/"
    # shellcheck disable=SC2086
    on_node build/$command
    begin_on_sqlite
    kb get configmap in-the-backup
    scaled_to 5
    end server TERM
    end manager TERM
}

test_a_disk_that_cannot_be_written_is_said() {
    mkdir -p "$work/disk"
    mount -t tmpfs tmpfs "$work/disk"
    mkdir "$work/disk/store"
    cp "$b/sqlite/state.db" "$work/disk/store/"
    mount -o remount,ro "$work/disk"
    refuses "Read-only file system" server_of_nothing --sqlite-data-dir="$work/disk/store"
    refuses "Read-only file system" apus restore "$b/one.backup" --sqlite-data-dir "$work/disk/store" --force
    umount "$work/disk"
}

test_apus_up_goes_on_with_a_restored_store() {
    local container
    apus up --data-dir "$data"
    k run steady --image=apus.local/hello:0.1.0
    k wait --for=condition=Ready pod/steady --timeout=60s
    container=$(k get pod steady -o 'jsonpath={.status.containerStatuses[0].containerID}')
    apus backup --data-dir "$data"
    k create configmap lost --from-literal=a=b
    kill "$(cut -d ' ' -f 1 "$data/run/apus.pid")"
    eventually 30 refuses "does not run" apus status --data-dir "$data"
    apus restore "$(ls "$data"/store/backups/*.backup)" --data-dir "$data" --force
    apus up --data-dir "$data"
    refuses NotFound k get configmap lost
    k wait --for=condition=Ready pod/steady --timeout=60s
    equal "the container" "$container" "$(k get pod steady -o 'jsonpath={.status.containerStatuses[0].containerID}')"
    k run later --image=apus.local/hello:0.1.0
    k wait --for=condition=Ready pod/later --timeout=60s
    apus down --data-dir "$data"
    [ ! -e "$data" ]
}
