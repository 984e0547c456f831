# Debian packages in a machine of a lab: installed, started, removed, purged.
# shellcheck shell=bash

. "$here/labs.sh"
lab_name=packages

# What the packages could leave behind in a machine.
package_traces() {
    at Master sh -c 'find / -xdev \( -name "*kubelet*" -o -name "*kubeadm*" -o -name "apus*" -o -path /etc/kubernetes \) 2> /dev/null
        for tree in /usr /etc /var/lib; do find $tree -xdev \( -iname "*kubelet*" -o -iname "*kubeadm*" -o -iname "apus*" \); done' | sort -u |
        grep -vE '^/(proc|sys)/|/bash-completion/' || true
}

test_packages_are_built() {
    PACKAGE_COMPRESSION=none scripts/build-packages "$work/packages"
    contains "$(ls "$work/packages")" apus_ kubelet_ kubeadm_
    lab up --bare --workers 0
    package_traces > "$work/packages.before"
    at Master mkdir -p /root/packages
    tar -C "$work/packages" -c . | at Master tar -C /root/packages -x
}

test_packages_are_installed() {
    at Master sh -c 'apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 /root/packages/*.deb'
    # The program stands on what came with it.
    at Master mount -t tmpfs none /opt
    contains "$(at Master kubeadm version)" "v1.36"
    contains "$(at Master kubelet --version)" "Kubernetes v1.36"
    contains "$(at Master apus --version)" "apus "
    contains "$(at Master dpkg -s kubelet)" "Status: install ok installed"
    equal "changed files" "" "$(at Master dpkg --verify apus kubelet kubeadm)"
    contains "$(at Master cat /usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf)" '/var/lib/kubelet/kubeadm-flags.env' '/etc/default/kubelet' \
        '--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf'
}

test_packages_kubelet_waits_and_is_started_with_the_machine() {
    eventually 10 at Master grep -q "waiting for /var/lib/kubelet/config.yaml" /var/log/kubelet.log
    at Master sh -c 'test -e /etc/rc2.d/S??kubelet && test -e /run/kubelet-keeper.pid'
    lab stop Master
    lab start Master
    at Master mount -t tmpfs none /opt
    at Master sh -c 'kill -0 $(cat /run/kubelet-keeper.pid)'
    # Once there is a configuration it is started, with the flags of all files; here with one that does not exist.
    at Master sh -c 'echo "KUBELET_KUBEADM_ARGS=--node-ip=10.0.2.15" > /var/lib/kubelet/kubeadm-flags.env; touch /var/lib/kubelet/config.yaml
        echo KUBELET_EXTRA_ARGS=--no-such-flag > /etc/default/kubelet'
    at Master service kubelet restart
    eventually 10 at Master grep -q "no-such-flag" /var/log/kubelet.log
    eventually 10 at Master grep -q "started again in 10 seconds" /var/log/kubelet.log
    at Master service kubelet stop
    at Master test ! -e /run/kubelet-keeper.pid
}

# Debian's own is not to be had here; an empty package of its name shows that the dependency is met. A kubectl of somebody else goes first.
test_packages_kubectl_brings_that_of_debian() {
    local package=$work/packages/kubectl root=$work/kubernetes-client
    contains "$(dpkg-deb --info "$package"/kubectl_*.deb)" "Depends: kubernetes-client" "no command line of its own yet"
    equal "what it holds" ./usr/share/doc/kubectl/copyright "$(dpkg-deb --contents "$package"/kubectl_*.deb | awk '!/\/$/ {print $6}')"
    at Master sh -c 'dpkg --purge --force-depends kubectl kubernetes-client' || true
    mkdir -p "$root/DEBIAN"
    printf 'Package: kubernetes-client\nVersion: 1.20.5\nArchitecture: all\nMaintainer: x <x@localhost>\nDescription: x\n' > "$root/DEBIAN/control"
    dpkg-deb --root-owner-group --build "$root" "$package/" > /dev/null
    tar -C "$package" -c . | at Master tar -C /root/packages/kubectl -x
    at Master sh -c 'apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 /root/packages/kubectl/*.deb'
    contains "$(at Master dpkg -s kubectl)" "Status: install ok installed" "holds no program"
    contains "$(at Master dpkg -s kubernetes-client)" "Status: install ok installed"
    at Master apt-get purge -y -o Dpkg::Use-Pty=0 kubectl kubernetes-client
}

test_packages_keep_no_secrets_open() { keeps_secrets_in_lab; }

test_packages_are_removed() {
    at Master sh -c 'apt-get remove -y -o Dpkg::Use-Pty=0 kubelet kubeadm apus'
    equal "kubelets" 0 "$(at Master pgrep -c kubelet || true)"
    # Settings stay until they are purged.
    at Master test -e /etc/default/kubelet
    refuses "" at Master kubeadm version
}

test_packages_are_purged() {
    at Master sh -c 'apt-get purge -y -o Dpkg::Use-Pty=0 kubelet kubeadm apus; rm -rf /root/packages'
    equal traces "" "$(diff "$work/packages.before" <(package_traces))"
    lab down
}
