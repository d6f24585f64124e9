# Installs the Debian packages that the lists in this folder name. Sourced by ./quickstart and ./runtests, in bash.

# step TEXT...: a heading, so that a reader of the output knows what takes the time.
step() {
    printf '\n== %s\n' "$*"
}

# fail TEXT...: says why the script stops, and stops.
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# package_names LIST...: the names in the lists.
package_names() {
    sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "${@/#/cmake/packages/}"
}

is_debian_12() (
    [[ -r /etc/os-release ]] || return 1
    # shellcheck source=/dev/null
    . /etc/os-release
    [[ "${ID:-}" == debian && "${VERSION_ID:-}" == 12 ]]
)

is_installed() {
    [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# install_packages LIST...: installs what is missing on Debian 12. On another system it installs nothing, says what is
# needed, and leaves it to CMake to find out whether all of that is there.
install_packages() {
    local name missing=()
    if ! is_debian_12; then
        echo "This system is not Debian 12, so nothing is installed for you. What is needed, by Debian's names:"
        sed -e '/^#/d' -e 's/^/    /' "${@/#/cmake/packages/}"
        return
    fi
    while read -r name; do
        is_installed "$name" || missing+=("$name")
    done < <(package_names "$@")
    if ((${#missing[@]} == 0)); then
        echo "All Debian packages that are needed are installed."
        return
    fi
    echo "Installing ${#missing[@]} Debian packages and what they depend on: ${missing[*]}"
    local as_root=(env DEBIAN_FRONTEND=noninteractive)
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            fail "packages are missing, and only root can install them. Run as root: apt-get install ${missing[*]}"
        as_root=(sudo "${as_root[@]}")
    fi
    local apt_get=("${as_root[@]}" apt-get -q -y -o DPkg::Lock::Timeout=300)
    "${apt_get[@]}" update || echo "The package lists could not all be renewed; going on with those at hand." >&2
    "${apt_get[@]}" install --no-install-recommends "${missing[@]}" ||
        fail "apt-get could not install the packages above; its last lines say why."
}

# configure PRESET [OPTION...]: CMake's configuration of build/PRESET; its output is shown only when it fails.
configure() {
    local preset=$1 log
    shift
    command -v cmake >/dev/null || fail "cmake is not installed; the packages named above are needed."
    if ! log=$(cmake --preset "$preset" "$@" 2>&1); then
        printf '%s\n' "$log" >&2
        fail "something is missing that build/$preset needs; CMake's message above names it. The packages that bring" \
            "it are listed with their reasons in cmake/packages/*.txt."
    fi
}
