# Machines on this one: three bare ones that are cut off, slowed down, switched off, and removed without a trace.
# shellcheck shell=bash

. "$here/labs.sh"
lab_name=lab

list_labs() { apus lab list --data-dir "$labs"; }

# All that a lab could leave behind on the host.
traces() {
    echo "links:"
    ip -o link | cut -d: -f2 | sort
    on_node ip -o link | cut -d: -f2 | sort
    echo "mounts:"
    cut -d' ' -f2 /proc/self/mounts | sort
    echo "cgroups:"
    find /sys/fs/cgroup -type d -name '*lab*' | sort
    echo "namespaces:"
    readlink /proc/[0-9]*/ns/{net,uts,ipc,pid,cgroup} 2>/dev/null | sort -u
    echo "processes:"
    pgrep -fc "lab-(init|carrier) |^$labs/.*/pause" || true
    echo "files:"
    find /run /var/lib "$work" -maxdepth 1 ! -name test.log | sort
}

pings() { at "$1" busybox ping -q -c 1 -W 1 "$2"; }

# How long the answer takes, in whole milliseconds.
round_trip() { at "$1" busybox ping -q -c 3 -i 0.1 "$2" | sed -n 's|.*= [^/]*/\([0-9]*\).*|\1|p'; }

# The same for every machine would be a mistake.
differ() {
    local count
    count=$(for machine in $machines; do at "$machine" "$@"; done | sort -u | wc -l)
    equal "different: $*" 3 "$count"
}

test_lab_three_bare_machines_come_up() {
    # Pods of earlier files' clusters may be just starting.
    eventually 90 at_rest
    lab up --bare | tee "$work/lab.log"
    contains "$(cat "$work/lab.log")" 'ok   Master' 'ok   WorkNode2' 10.0.2.17
    contains "$(list_labs)" "Master      10.0.2.15   up"
    refuses "already" lab up --bare
}

test_lab_machines_differ_and_know_each_other() {
    for machine in $machines; do
        equal hostname "$machine" "$(at "$machine" hostname)"
        for other in $machines; do pings "$machine" "$other"; done
    done
    differ cat /etc/machine-id
    differ cat /sys/class/dmi/id/product_uuid
    differ cat /sys/class/net/eth0/address
    equal "process 1" lab-init "$(at Master sh -c 'tr "\0" "\n" < /proc/1/cmdline | sed -n 2p')"
    contains "$(printf 'hostname\nexit 3\n' | lab shell WorkNode1 || echo "ended by $?")" WorkNode1 "ended by 3"
    equal "exit code" 7 "$(at Master sh -c 'exit 7' || echo $?)"
    equal input through "$(echo through | at Master cat)"
    refuses "no machine" at WorkNode9 true
}

test_lab_changes_stay_in_the_machine() {
    at Master sh -c 'echo hers > /usr/local/hers; echo hers > /etc/hers; mkdir -p /etc/kubernetes /etc/cni/net.d /opt/cni/bin; touch /var/lib/hers'
    [ ! -e /usr/local/hers ] && [ ! -e /etc/hers ] && [ ! -e /var/lib/hers ]
    refuses "" at WorkNode1 cat /etc/hers
    refuses "" at WorkNode1 cat "$work/lab.log"
    # The machine's own settings, but not the whole kernel's.
    at Master sysctl -qw net.ipv4.ip_forward=1
    refuses "" at Master sysctl -qw kernel.pid_max=4194303
}

test_lab_each_runs_a_container_of_its_own() {
    local root=$work/one layout=$work/one.oci
    mkdir -p "$root/bin"
    cp /bin/busybox "$root/bin/"
    pack "$root" "$layout:1"
    for machine in $machines; do
        tar -C "$layout" -c . | at "$machine" ctr image import --base-name lab.test/one -
        equal container "$machine" "$(at "$machine" ctr run --rm lab.test/one:1 once /bin/busybox hostname)"
        at "$machine" ctr run --detach lab.test/one:1 stays /bin/busybox sleep 1000
        contains "$(at "$machine" ctr task list)" RUNNING
    done
    equal "processes called sleep" 1 "$(at Master ps -C busybox -o args= | grep -c 'sleep 1000')"
    # Each has its own memory of it, below its own root.
    at Master sh -c 'cat /sys/fs/cgroup/*/default/stays/cgroup.procs' | grep -q .
}

test_lab_a_stopped_machine_keeps_its_files() {
    at WorkNode2 sh -c 'echo kept > /etc/kept; echo kept > /var/lib/kept; echo gone > /run/gone; echo Another > /etc/hostname'
    lab stop --force WorkNode2
    contains "$(list_labs)" "WorkNode2   10.0.2.17   off"
    refuses "does not run" at WorkNode2 true
    refuses "" pings Master WorkNode2
    lab start WorkNode2
    equal files "kept kept" "$(at WorkNode2 cat /etc/kept /var/lib/kept | tr '\n' ' ' | sed 's/ $//')"
    refuses "" at WorkNode2 cat /run/gone
    equal "hostname after the start" Another "$(at WorkNode2 hostname)"
    equal "tasks after the start" 1 "$(at WorkNode2 ctr task list | wc -l)"
    pings Master WorkNode2
    contains "$(at WorkNode2 service containerd status)" running
}

test_lab_a_machine_is_cut_off_until_it_is_healed() {
    lab partition WorkNode1
    contains "$(list_labs)" "cut off"
    refuses "" pings Master WorkNode1
    refuses "" pings WorkNode1 10.0.2.1
    pings Master WorkNode2
    lab partition WorkNode1 --heal
    pings Master WorkNode1
}

test_lab_a_cable_is_slowed() {
    local took
    lab slow WorkNode1 --latency 40ms
    took=$(round_trip Master WorkNode1)
    [ "$took" -ge 80 ] && [ "$took" -lt 400 ]
    lab slow WorkNode1 --loss 100%
    refuses "" pings Master WorkNode1
    # So it is after a start that follows at once.
    lab slow WorkNode1 --latency 40ms
    lab stop --force WorkNode1
    lab start WorkNode1
    took=$(round_trip Master WorkNode1)
    [ "$took" -ge 80 ] && [ "$took" -lt 400 ]
    # Cut off and healed it is as slow as it was.
    lab slow WorkNode1 --rate 1mbit
    lab partition WorkNode1
    lab partition WorkNode1 --heal
    at Master sh -c 'mkdir -p /srv/www; head -c 125000 /dev/zero > /srv/www/file; busybox httpd -p 8000 -h /srv/www'
    took=$(date +%s%N)
    equal bytes 125000 "$(at WorkNode1 sh -c 'busybox wget -q -O - http://Master:8000/file | wc -c')"
    took=$((($(date +%s%N) - took) / 1000000))
    [ $took -ge 900 ] || { echo "a million bits took $took ms"; return 1; }
    lab slow WorkNode1
    took=$(round_trip Master WorkNode1)
    [ "$took" -lt 40 ]
}

test_lab_down_leaves_nothing() {
    lab down
    # What the kernel lets go of a moment later.
    # shellcheck disable=SC2016
    eventually 10 same_traces
}

at_rest() {
    traces > "$work/traces.before"
    sleep 6
    same_traces
}

same_traces() {
    traces > "$work/traces.after"
    # These two and the log above are the test's own.
    diff <(grep -v "$work/" "$work/traces.before") <(grep -v "$work/" "$work/traces.after")
}

test_lab_a_killed_start_can_be_removed() {
    local pause lab_name=killed
    for pause in 0.05 0.2 0.4; do
        on_node timeout --signal KILL $pause build/apus lab up --bare --data-dir "$labs" --name "$lab_name" || true
        lab down
        eventually 10 same_traces
    done
}

test_lab_a_whole_cluster_in_one_command() {
    local lab_name=whole
    lab up
    equal "nodes that are Ready" 3 "$(at Master kubectl get nodes --no-headers | grep -cw Ready)"
    at Master kubectl wait --for=condition=Ready pod --all -n kube-system --timeout=60s
    at Master kubectl create secret generic treasure --from-literal=word=open-sesame-7731
    keeps_secrets_in_lab open-sesame-7731
    lab down
    eventually 10 same_traces
}
