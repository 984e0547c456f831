# The official Python client, of every kind.
# shellcheck shell=bash

# From the package index, once: the cluster's network has no way out, this one may have. Where it has none, there is nothing to test with.
have_python_client() {
    [ -d build/python/kubernetes ] || timeout 180 python3 -m pip install --quiet --disable-pip-version-check --no-warn-conflicts \
        --root-user-action=ignore --timeout 15 --retries 1 --target build/python 'kubernetes>=34,<38' > "$work/pip.log" 2>&1 ||
        skip "the package index does not give the Python client: $(tail -n 1 "$work/pip.log")"
}

test_python_client_goes_through_every_kind() {
    have_python_client
    contains "$(PYTHONPATH=build/python on_node timeout 300 python3 Tests/EndToEnd/python/every_kind.py)" "kinds went through"
}

test_python_client_uses_subresources() {
    have_python_client
    contains "$(PYTHONPATH=build/python on_node timeout 120 python3 Tests/EndToEnd/python/subresources.py)" "all subresources answered"
}
