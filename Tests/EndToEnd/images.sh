# Images that nobody here wrote, made of Debian's packages and pushed to a registry in the cluster's network.
# shellcheck shell=bash

# with_libraries ROOT PROGRAM: the program and the libraries it loads.
with_libraries() {
    local root=$1 program=$2 file
    install -D "$(readlink -f "$program")" "$root$program"
    for file in $(ldd "$program" | grep -o '/[^ ]*'); do install -D "$(readlink -f "$file")" "$root$file"; done
}

# pack ROOT LAYOUT:TAG: an image of what lies below the root.
pack() {
    rm -rf "${2%:*}"
    umoci init --layout "${2%:*}"
    umoci new --image "$2"
    umoci insert --image "$2" "$1" / > /dev/null
}

# push ROOT NAME:TAG COMMAND...
push() {
    local root=$1 name=$2 layout=$work/oci tag=${2##*:}
    shift 2
    pack "$root" "$layout:$tag"
    local arguments=()
    for word in "$@"; do arguments+=(--config.cmd "$word"); done
    umoci config --image "$layout:$tag" "${arguments[@]}"
    on_node skopeo copy --quiet --dest-tls-verify=false "oci:$layout:$tag" "docker://127.0.0.1:5000/$name"
}

start_registry() {
    cat > "$work/registry.yml" <<-Y
		version: 0.1
		storage: {filesystem: {rootdirectory: $work/registry}}
		http: {addr: "127.0.0.1:5000"}
	Y
    in_place docker-registry serve "$work/registry.yml" > "$work/registry.log" 2>&1 &
    registry_pid=$!
    eventually 10 on_node curl -sf http://127.0.0.1:5000/v2/
}

make_images() {
    local root=$work/tools
    mkdir -p "$root"/{bin,tmp,etc,root}
    cp /bin/busybox "$root/bin/busybox"
    for name in $("$root/bin/busybox" --list); do [ "$name" = busybox ] || ln -s busybox "$root/bin/$name"; done
    chmod 1777 "$root/tmp"
    # A program that finds names as most do, through the C library; a static busybox can't.
    with_libraries "$root" /usr/bin/curl
    push "$root" tools:1 /bin/sh
    root=$work/redis
    mkdir -p "$root"/{data,tmp}
    with_libraries "$root" /usr/bin/redis-server
    with_libraries "$root" /usr/bin/redis-cli
    push "$root" redis:1 /usr/bin/redis-server
    for version in 1 2; do
        root=$work/nginx$version
        mkdir -p "$root"/{bin,tmp,etc/nginx,var/log/nginx,var/lib/nginx,run,www}
        cp /bin/busybox "$root/bin/sh"
        ln -s sh "$root/bin/sleep"
        with_libraries "$root" /usr/sbin/nginx
        echo "version $version" > "$root/www/index.html"
        printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' > "$root/etc/passwd"
        printf 'root:x:0:\nnogroup:x:65534:\n' > "$root/etc/group"
        cat > "$root/etc/nginx/nginx.conf" <<-'N'
			user nobody nogroup;
			daemon off;
			worker_processes 1;
			error_log /dev/stderr;
			pid /run/nginx.pid;
			events {}
			http { access_log /dev/stdout; server { listen 80; root /www; } }
		N
        push "$root" "nginx:$version" /usr/sbin/nginx -c /etc/nginx/nginx.conf
    done
}

# The tools' image as $work/tools.tar, for machines that reach no registry.
archive_tools() {
    [ -e "$work/tools.tar" ] ||
        on_node skopeo copy --quiet --src-tls-verify=false docker://127.0.0.1:5000/tools:1 "docker-archive:$work/tools.tar:docker.io/library/tools:1"
}
