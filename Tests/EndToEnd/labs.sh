# Labs for the tests, which say in `lab_name` which one they mean.
# shellcheck shell=bash

labs=$work/labs
machines="Master WorkNode1 WorkNode2"

lab() {
    local command=$1
    shift
    apus lab "$command" --data-dir "$labs" --name "$lab_name" "$@"
}

# at MACHINE COMMAND...
at() {
    local machine=$1
    shift
    lab exec "$machine" -- "$@"
}

# keeps_secrets_in_lab WORD...: on all machines of the lab, whose whole folders are looked through.
keeps_secrets_in_lab() { keeps_secrets "$labs/$lab_name" "$@"; }
