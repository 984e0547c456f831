# Three control planes with etcd on machines of a lab: one is killed, and kubectl and the workloads go on; it is replaced.
# shellcheck shell=bash

. "$here/labs.sh"
lab_name=planes
planes="Plane1 Plane2 Plane3"

# By any control plane that answers: cluster.test is all of them.
kp() {
    local machine=$1
    shift
    at "$machine" kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"
}

test_planes_machines() {
    PACKAGE_COMPRESSION=none scripts/build-packages "$work/packages"
    lab up --bare --hostnames Plane1,Plane2,Plane3,Worker
    for machine in $planes Worker; do
        tar -C "$work/packages" -c . | at "$machine" tar -C /tmp -x
        at "$machine" sh -c 'apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 /tmp/*.deb && rm /tmp/*.deb
            printf "10.0.2.15 cluster.test\n10.0.2.16 cluster.test\n10.0.2.17 cluster.test\n" >> /etc/hosts
            echo net.ipv4.ip_forward=1 > /etc/sysctl.d/k8s.conf && sysctl -q -p /etc/sysctl.d/k8s.conf'
    done
}

test_planes_the_first_begins_with_etcd() {
    at Plane1 kubeadm init --etcd --control-plane-endpoint=cluster.test:6443 --upload-certs --pod-network-cidr=10.244.0.0/16 > "$work/init.log" 2>&1 || {
        cat "$work/init.log"
        return 1
    }
    contains "$(cat "$work/init.log")" '[certs] Generating "etcd-ca" certificate and key' '[etcd] Creating static Pod manifest for local etcd' \
        '[upload-certs] Using certificate key:' '--control-plane --certificate-key'
    kp Plane1 apply -f /usr/share/apus/podnetwork.yaml
    eventually 30 kp Plane1 get node plane1
    contains "$(kp Plane1 get pods -n kube-system)" etcd-plane1 kube-apiserver-plane1
    contains "$(at Plane1 kubeadm certs check-expiration)" etcd-server etcd-peer apiserver-etcd-client etcd-ca
}

# The lines that init prints for control planes, and those for workers.
line_for() {
    case $1 in
        planes) sed -n '/^kubeadm join/,/--control-plane/{p;/--control-plane/q}' "$work/init.log" ;;
        workers) tac "$work/init.log" | sed '/^kubeadm join/q' | tac ;;
    esac
}

test_planes_two_more_join_by_the_line_that_init_has_printed() {
    line_for planes > "$work/plane.sh"
    for machine in Plane2 Plane3; do
        at "$machine" sh -s < "$work/plane.sh" > "$work/join.log" 2>&1 || { cat "$work/join.log"; return 1; }
        contains "$(cat "$work/join.log")" "a new control plane instance was created" '[download-certs] Downloading the certificates'
    done
    line_for workers > "$work/worker.sh"
    at Worker sh -s < "$work/worker.sh"
    kp Plane2 wait --for=condition=Ready node --all --timeout=120s
    equal "members that vote and answer" 3 "$(at Plane3 kubeadm etcd members | grep -c 'voter *yes$')"
    equal "API servers behind the service" 3 "$(kp Plane1 get endpoints kubernetes -o 'jsonpath={.subsets[0].addresses[*].ip}' | wc -w)"
}

all_vote() { equal "members" 3 "$(at Plane2 kubeadm etcd members | grep -c 'voter *yes$')"; }

all_serve() { equal "API servers" 3 "$(kp Plane2 get endpoints kubernetes -o 'jsonpath={.subsets[0].addresses[*].ip}' | wc -w)"; }

# What the next one that is lost needs: everybody is back, however long the machine takes for it.
all_well() {
    eventually 180 all_vote
    eventually 180 all_serve
    kp Plane2 wait --for=condition=Ready node --all --timeout=180s
}

test_planes_one_is_killed_and_the_others_go_on() {
    local image
    image=$(kp Plane2 get -n kube-system daemonset kube-proxy -o 'jsonpath={.spec.template.spec.containers[0].image}')
    all_well
    lab stop --force Plane1
    eventually 60 kp Plane2 get nodes
    kp Plane2 wait --for=condition=Ready=Unknown node/plane1 --timeout=120s
    # Somebody else leads by now: what is asked for comes about, on a worker that knew the killed one, too.
    kp Plane3 create deployment web --image="$image" --replicas=2 -- /usr/bin/apus hello
    kp Plane3 rollout status deployment web --timeout=90s
    contains "$(at Plane2 kubeadm etcd members)" plane1 no
}

test_planes_the_killed_one_comes_back() {
    lab start Plane1
    all_well
}

# works MACHINE REPLICAS: what is asked for at that control plane comes about.
works() {
    kp "$1" scale deployment web --replicas="$2"
    kp "$1" rollout status deployment web --timeout=150s
}

test_planes_one_is_cut_off_and_the_others_go_on() {
    all_well
    lab partition Plane2
    eventually 60 kp Plane1 get nodes
    works Plane3 3
    lab partition Plane2 --heal
    all_well
    # What is asked of the one that is back comes about like what is asked of the others.
    kp Plane2 --server=https://10.0.2.16:6443 scale deployment web --replicas=2
    kp Plane2 --server=https://10.0.2.16:6443 rollout status deployment web --timeout=150s
}

test_planes_one_is_slowed_and_work_goes_on() {
    all_well
    lab slow Plane1 --latency 100ms
    works Plane1 1
    works Plane2 2
    lab slow Plane1
}

test_planes_one_that_is_gone_for_good_is_replaced() {
    all_well
    lab stop --force Plane3
    at Plane1 kubeadm etcd remove plane3
    kp Plane1 delete node plane3
    equal members 2 "$(at Plane1 kubeadm etcd members | grep -c voter)"
    # The machine comes back with nothing on it.
    lab start Plane3
    at Plane3 sh -c 'service kubelet stop; kubeadm reset --force'
    at Plane1 kubeadm init phase upload-certs --upload-certs | tail -n 1 > "$work/key"
    at Plane1 kubeadm token create --print-join-command --certificate-key "$(cat "$work/key")" > "$work/plane.sh"
    at Plane3 sh -s < "$work/plane.sh"
    all_well
}

test_planes_one_is_reset() {
    all_well
    at Plane3 kubeadm reset --force | tee "$work/reset.log"
    contains "$(cat "$work/reset.log")" "Removing this machine's member of etcd"
    equal members 2 "$(at Plane1 kubeadm etcd members | grep -c 'voter *yes$')"
    equal "data" "" "$(at Plane3 find /var/lib/etcd -type f)"
}

# What one has renewed counts at the others, and etcd takes in what it is given.
test_planes_keep_their_certificates() {
    local before
    contains "$(kp Plane1 get pods -n kube-system)" kube-certificate-keeper-plane1 kube-certificate-keeper-plane2
    before=$(etcd_processes)
    at Plane1 mv /etc/kubernetes/manifests/kube-certificate-keeper.yaml /root/
    kp Plane2 wait --for=delete -n kube-system pod/kube-certificate-keeper-plane1 --timeout=60s
    at Plane1 kubeadm certs renew all --certificate-validity-period=60s
    eventually 20 etcd_shows_what_ends
    at Plane1 mv /root/kube-certificate-keeper.yaml /etc/kubernetes/manifests/
    eventually 90 etcd_certificates_last
    eventually 60 long_ago
    equal "members" 2 "$(at Plane1 kubeadm etcd members | grep -c 'voter *yes$')"
    kp Plane1 create configmap after-renewal --from-literal=k=v
    equal "elsewhere" v "$(kp Plane2 get configmap after-renewal -o 'jsonpath={.data.k}')"
    equal "etcd's process and the API server's" "$before" "$(etcd_processes)"
}

etcd_processes() { at Plane1 pgrep -x 'etcd|kube-apiserver' | sort -n | xargs; }
# Since when the short ones do not count any more.
long_ago() { at Plane1 find /etc/kubernetes/manifests/kube-certificate-keeper.yaml -cmin +1 | grep -q keeper; }
etcd_shows_what_ends() {
    ! at Plane1 sh -c 'openssl s_client -connect 127.0.0.1:2379 -cert /etc/kubernetes/pki/apiserver-etcd-client.crt \
        -key /etc/kubernetes/pki/apiserver-etcd-client.key < /dev/null 2> /dev/null | openssl x509 -noout -checkend 86400'
}
etcd_certificates_last() {
    at Plane1 sh -c 'for file in /etc/kubernetes/pki/etcd/server.crt /etc/kubernetes/pki/etcd/peer.crt /etc/kubernetes/pki/etcd/healthcheck-client.crt \
        /etc/kubernetes/pki/apiserver-etcd-client.crt; do openssl x509 -noout -checkend 86400 -in $file || exit; done'
}

test_planes_have_left_no_secret_open() {
    kp Plane1 create secret generic treasure --from-literal=word=open-sesame-7731
    keeps_secrets_in_lab open-sesame-7731
}

test_planes_end_without_a_trace() {
    lab down
    [ ! -e "$labs/planes" ]
}
