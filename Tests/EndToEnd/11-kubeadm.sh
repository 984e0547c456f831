# A control plane built the documented way: kubeadm init, a pod network, kubeadm reset.
# shellcheck shell=bash

. "$here/machines.sh"
master_ip=$node_ip
worker_ip=$client_ip

ka() { on master kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"; }

test_machines() {
    make_machine master "$node_ns"
    on master sysctl -qw net.ipv4.ip_forward=1
    start_runtime master
    keep_kubelet master
    # Services have addresses that only rules know: the kernel wants a way for them all the same.
    on master ip route add default via $worker_ip
}

test_init_sets_a_control_plane_up() {
    on master "$kubeadm" init --pod-network-cidr=10.244.0.0/16 --apiserver-advertise-address=$master_ip \
        --ca-certificate-validity-period=480h > "$m/init.log" 2>&1 || {
        cat "$m/init.log"
        tail -n 20 "$m/master/kubelet.log"
        return 1
    }
    cat "$m/init.log"
    contains "$(cat "$m/init.log")" '[certs] Generating "ca" certificate and key' '[control-plane] Creating static Pod manifest for "kube-apiserver"' \
        'Your Kubernetes control-plane has initialized successfully!'
    eventually 30 ka get node master
    contains "$(ka get pods -n kube-system)" kube-apiserver-master kube-controller-manager-master kube-scheduler-master \
        kube-certificate-keeper-master
    contains "$(ka get node master)" control-plane NotReady
}

test_the_pod_network_makes_the_node_ready() {
    ka apply -f "$m/podnetwork.yaml"
    ka wait --for=condition=Ready node/master --timeout=90s
    ka wait --for=condition=Available -n kube-system deployment/coredns --timeout=90s
}

test_certificates_are_looked_after() {
    contains "$(on master "$kubeadm" certs check-expiration --apiserver-advertise-address=$master_ip)" apiserver admin.conf 'CERTIFICATE AUTHORITY'
    contains "$(on master "$kubeadm" certs renew admin.conf --apiserver-advertise-address=$master_ip)" 'kubeconfig file admin.conf renewed'
    ka get nodes
}

test_a_kubeconfig_for_somebody_else() {
    (umask 077; on master "$kubeadm" kubeconfig user --client-name=ann --org=team > "$m/master/root/ann.conf")
    refuses 'User "ann" cannot list resource "nodes"' on master kubectl --kubeconfig /root/ann.conf get nodes
    ka create clusterrolebinding team --clusterrole=view --group=team
    eventually 10 on master kubectl --kubeconfig /root/ann.conf get pods -n kube-system
    (umask 077; on master "$kubeadm" kubeconfig user --client-name=bob --token=no-token > "$m/master/root/bob.conf")
    refuses "must be logged in" on master kubectl --kubeconfig /root/bob.conf get nodes
}

# The processes of the control plane, as one line.
processes() {
    local pid
    for pid in $(ip netns pids "$node_ns"); do
        case $(tr '\0' ' ' < "/proc/$pid/cmdline" || true) in
            kube-apiserver\ * | kube-controller-manager\ * | kube-scheduler\ *) echo "$pid" ;;
        esac
    done | sort -n | xargs
}
# ends FILE: when a certificate ends, or that in a kubeconfig.
ends() {
    case $1 in
        *.conf) on master grep client-certificate-data "$1" | awk '{print $2}' | base64 -d | openssl x509 -noout -enddate ;;
        *) on master openssl x509 -noout -enddate -in "$1" ;;
    esac | cut -d = -f 2
}
# Whether none of these ends within a day.
all_last() { for file; do [ "$(date -d "$(ends "$file")" +%s)" -gt "$(($(date +%s) + 86400))" ] || return 1; done; }
certificates() {
    echo /etc/kubernetes/pki/{apiserver,apiserver-kubelet-client,front-proxy-client}.crt \
        /etc/kubernetes/{admin,super-admin,controller-manager,scheduler}.conf
}
serves_until() { on master bash -c "openssl s_client -connect $master_ip:6443 < /dev/null 2> /dev/null | openssl x509 -noout -enddate" | cut -d = -f 2; }
serves_the_file() { [ "$(serves_until)" = "$(ends /etc/kubernetes/pki/apiserver.crt)" ]; }
has_passed() { [ "$(date +%s)" -gt "$(date -d "$1" +%s)" ]; }
lease_of() { ka get lease -n kube-system "$1" -o jsonpath='{.spec.holderIdentity} {.spec.leaseTransitions}'; }

test_certificates_are_renewed_while_all_goes_on() {
    local before inode short leaders
    # Who keeps them is away for a while, so that the others come to use what is about to end.
    on master mv /etc/kubernetes/manifests/kube-certificate-keeper.yaml /root/
    eventually 60 no_keeper
    before=$(processes)
    equal "processes" 3 "$(wc -w <<< "$before")"
    leaders="$(lease_of kube-scheduler) $(lease_of kube-controller-manager)"
    inode=$(on master stat -c %i /etc/kubernetes/scheduler.conf)
    contains "$(on master "$kubeadm" certs renew all --certificate-validity-period=60s)" 'certificate for apiserver renewed' scheduler.conf
    short=$(ends /etc/kubernetes/scheduler.conf)
    eventually 20 serves_the_file
    for name in kube-scheduler kube-controller-manager; do eventually 20 has_said $name "credentials loaded again"; done
    # The files that components have mounted stay the same ones.
    equal "the file" "$inode" "$(on master stat -c %i /etc/kubernetes/scheduler.conf)"
    on master mv /root/kube-certificate-keeper.yaml /etc/kubernetes/manifests/
    # shellcheck disable=SC2046
    eventually 90 all_last $(certificates)
    eventually 60 has_passed "$short"
    eventually 20 serves_the_file
    equal "the processes are the same" "$before" "$(processes)"
    # Each of them still gets in: the controller manager and the scheduler by their kubeconfigs, the API server at the kubelet.
    ka create deployment after --image="$(ka get pod -n kube-system kube-scheduler-master -o jsonpath='{.spec.containers[0].image}')" -- /usr/bin/apus hello
    ka patch deployment after -p '{"spec":{"template":{"spec":{"tolerations":[{"operator":"Exists"}]}}}}'
    ka rollout status deployment after --timeout=60s
    contains "$(ka exec deployment/after -- /usr/bin/apus --version)" apus
    equal "they lead as before" "$leaders" "$(lease_of kube-scheduler) $(lease_of kube-controller-manager)"
    ka delete deployment after
    equal "the processes are the same" "$before" "$(processes)"
    eventually 20 told 'CertificateRenewed'
    contains "$(ka get events --field-selector involvedObject.kind=Node,reason=CertificateRenewed -o jsonpath='{.items[*].message}')" \
        "The certificate apiserver was renewed" "The certificate scheduler.conf was renewed"
    contains "$(ka logs -n kube-system kube-certificate-keeper-master)" "a certificate was renewed"
}

has_said() { ka logs -n kube-system "$1-master" | grep -q "$2"; }
told() { [ "$(ka get events --field-selector "involvedObject.kind=Node,reason=$1" -o name)" ]; }

told_of() {
    contains "$(ka get events --field-selector involvedObject.kind=Node,type=Warning,reason=CertificateExpires -o jsonpath='{.items[*].message}')" "$1"
}

test_what_cannot_be_renewed_is_told_of() {
    # The authorities of this cluster live for twenty days.
    eventually 20 told_of "The certificate ca expires on"
    contains "$(ka logs -n kube-system kube-certificate-keeper-master)" "a certificate expires soon and was not renewed" "days=19"
    # As with an authority of somebody else, whose key is elsewhere.
    on master "$kubeadm" certs renew front-proxy-client --certificate-validity-period=30s
    on master mv /etc/kubernetes/pki/front-proxy-ca.key /root/
    contains "$(on master "$kubeadm" certs renew all)" "front-proxy-client was left as it is" "certificate for apiserver renewed"
    refuses "front-proxy-ca.key" on master "$kubeadm" certs renew front-proxy-client
    contains "$(on master "$kubeadm" certs check-expiration | grep '^front-proxy-client')" yes
    eventually 90 told_of "the key of its authority is not in /etc/kubernetes/pki"
    on master mv /root/front-proxy-ca.key /etc/kubernetes/pki/
    on master "$kubeadm" certs renew front-proxy-client
}

# The cluster as an older version would have left it.
no_keeper() { equal keeper "" "$(ka get pod -n kube-system kube-certificate-keeper-master --ignore-not-found -o name)"; }

test_upgrade_brings_the_control_plane_to_this_version() {
    local image old=apus.local/kubernetes:v1.36.2-old before
    contains "$(on master "$kubeadm" upgrade plan)" "has the version"
    image=$(ka get pod -n kube-system kube-scheduler-master -o jsonpath='{.spec.containers[0].image}')
    on master ctr -n k8s.io images tag "$image" $old
    sed -i "s|$image|$old|" "$m"/master/etc/kubernetes/manifests/kube-scheduler.yaml
    # It had nothing that looks after its certificates.
    on master rm /etc/kubernetes/manifests/kube-certificate-keeper.yaml
    ka get configmap -n kube-system kubeadm-config -o yaml | sed 's/v1.36.3/v1.36.2/' | ka apply -f -
    eventually 60 has_image $old
    eventually 60 no_keeper
    contains "$(on master "$kubeadm" upgrade plan)" "kube-scheduler   master   v1.36.2-old" "kubeadm upgrade apply v1.36.3"
    before=$(ka get pod -n kube-system kube-apiserver-master -o jsonpath='{.metadata.annotations.kubernetes\.io/config\.hash}')
    refuses "upgrades only to that" on master "$kubeadm" upgrade apply v1.37.0 -y
    on master "$kubeadm" upgrade apply v1.36.3 -y | tee "$m/upgrade.log"
    contains "$(cat "$m/upgrade.log")" 'Component "kube-scheduler" upgraded successfully!' 'manifests of kube-apiserver are equal' \
        'Component "kube-certificate-keeper" upgraded successfully!' SUCCESS
    has_image "$image"
    equal "the API server goes on" "$before" "$(ka get pod -n kube-system kube-apiserver-master -o jsonpath='{.metadata.annotations.kubernetes\.io/config\.hash}')"
    contains "$(ka get configmap -n kube-system kubeadm-config -o yaml)" v1.36.3
    on master "$kubeadm" upgrade node
    ka wait --for=condition=Ready node/master --timeout=60s
}

has_image() { [ "$(ka get pod -n kube-system kube-scheduler-master -o jsonpath='{.spec.containers[0].image}')" = "$1" ]; }

test_nothing_secret_lies_open_on_a_control_plane() {
    ka create secret generic treasure --from-literal=word=open-sesame-7731
    keeps_secrets "$m/master" open-sesame-7731
}

test_reset_takes_it_back() {
    on master "$kubeadm" reset --force
    [ -z "$(find "$m/master/etc/kubernetes" "$m/master/var/lib/kube-apiserver" -type f)" ]
}
