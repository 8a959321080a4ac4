#!/bin/sh
# Create or update a virtual environment: install.sh FOLDER REQUIREMENTS [SUPERSET]
#
# FOLDER/installed.txt is a copy of the installed requirements. It is written last, so an interrupted installation is
# repeated. Nothing is installed if it equals REQUIREMENTS, or SUPERSET, a file that includes them.
set -u
folder=$1 requirements=$2 python=${PYTHON:-python3} log=build/install.log
shift

fail() {
    echo "gatehouse: $1" >&2
    exit 1
}

if [ "$folder/installed.txt" -nt "$folder/pyvenv.cfg" ] && "$folder/bin/python" -c ''; then
    for file; do
        cmp -s "$file" "$folder/installed.txt" && exit
    done
fi 2>/dev/null
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "Python 3.11 or later is required, found $("$python" -V 2>&1); try \`make PYTHON=python3.11\`"
echo "Installing $requirements into $folder (about half a minute)"
mkdir -p build
"$folder/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear "$folder" >$log 2>&1 ||
    fail "$folder could not be created; see $log"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --requirement "$requirements" >$log 2>&1 || {
    # pip also reports "from versions: none" if the index does not answer.
    grep -qiE 'connection|name resolution|from versions: none' $log &&
        fail "the package index cannot be reached; check the network and run the same command again (details in $log)"
    fail "$requirements could not be installed: $(grep '^ERROR' $log | tail -n 1) (details in $log)"
}
cp "$requirements" "$folder/installed.txt"
