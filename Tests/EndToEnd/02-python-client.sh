# The official Python client, of every kind.
# shellcheck shell=bash

test_python_client_goes_through_every_kind() {
    # From the package index, once: the cluster's network has no way out, this one may have.
    [ -d build/python/kubernetes ] || python3 -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --root-user-action=ignore \
        --target build/python 'kubernetes>=34,<38'
    contains "$(PYTHONPATH=build/python on_node timeout 300 python3 Tests/EndToEnd/python/every_kind.py)" "kinds went through"
}

test_python_client_uses_subresources() {
    contains "$(PYTHONPATH=build/python on_node timeout 120 python3 Tests/EndToEnd/python/subresources.py)" "all subresources answered"
}
