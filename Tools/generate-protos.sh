#!/bin/bash
# Makes the folder Generated of every target that has a folder Protos.
# Needs protoc (package protobuf-compiler) and the checkouts of the package's dependencies (`swift package resolve`), from whose
# sources it builds the two plug-ins in a scratch folder.  PLUGINS=DIR: use the plug-ins that DIR holds already.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
plugins=${PLUGINS:-}
if [ -z "$plugins" ]; then
    scratch=${TMPDIR:-/tmp}/apus-protoc-plugins
    mkdir -p "$scratch"
    for name in swift-protobuf grpc-swift-protobuf grpc-swift-2 swift-collections; do
        rm -rf "${scratch:?}/$name"
        cp -r ".build/checkouts/$name" "$scratch/$name"
        rm -rf "$scratch/$name/.git"
    done
    # The copies refer to each other, so that exactly the versions of Package.resolved are built, without the network.
    python3 - "$scratch" <<'PYTHON'
import re, sys
for package in ["grpc-swift-protobuf", "grpc-swift-2"]:
    path = f"{sys.argv[1]}/{package}/Package.swift"
    text = open(path).read()
    text = re.sub(r'url: "https://github.com/[^/]+/(swift-protobuf|grpc-swift-2|swift-collections)\.git",\s*from: "[^"]*"', r'path: "../\1"', text)
    open(path, "w").write(text)
PYTHON
    for product in protoc-gen-swift protoc-gen-grpc-swift-2; do
        swift build --package-path "$scratch/grpc-swift-protobuf" --product "$product"
    done
    plugins=$(swift build --package-path "$scratch/grpc-swift-protobuf" --show-bin-path)
fi
for protos in "$root"/Sources/*/Protos; do
    out=$(dirname "$protos")/Generated
    rm -rf "$out"
    mkdir -p "$out"
    cd "$protos"
    mapfile -t files < <(find . -name '*.proto' | sed 's|^\./||' | sort)
    protoc -I . --plugin="$plugins/protoc-gen-swift" \
        --swift_out="$out" --swift_opt=Visibility=Package,FileNaming=PathToUnderscores,UseAccessLevelOnImports=true "${files[@]}"
    protoc -I . --plugin="$plugins/protoc-gen-grpc-swift-2" \
        --grpc-swift-2_out="$out" \
        --grpc-swift-2_opt=Visibility=Package,FileNaming=PathToUnderscores,UseAccessLevelOnImports=true,Server=false,Client=true "${files[@]}"
done
