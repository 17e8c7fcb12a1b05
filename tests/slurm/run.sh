#!/usr/bin/env bash
# make test-slurm: a small project run on this machine and through a real SLURM started for it; every released byte must
# be the same. SLURM is stopped again whatever happens.
set -euo pipefail
here=$(dirname "$(realpath "$0")")

skip() {
    if [[ ${TILTAKSEFFEKT_GATES:-} == required ]]; then
        echo "test-slurm kan ikke kjøres: $1" >&2
        exit 1
    fi
    echo "test-slurm er hoppet over: $1"
    exit 0
}

[[ $(uname -s) == Linux ]] || skip "SLURM finnes bare for Linux."
[[ $(id -u) == 0 ]] || skip "prøven starter SLURM og må kjøres som root."
[[ ! -e /etc/slurm/slurm.conf ]] || skip "/etc/slurm/slurm.conf finnes fra før, og prøven rører ikke en klynge som er satt opp."
missing=()
for name in slurmctld slurmd munged sbatch srun squeue; do
    command -v "$name" >/dev/null || missing+=("$name")
done
if ((${#missing[@]})); then
    command -v apt-get >/dev/null || skip "mangler ${missing[*]}, og apt-get finnes ikke her."
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge; } \
        >/dev/null || skip "mangler ${missing[*]}, og apt-get kunne ikke installere slurm-wlm og munge."
fi

place=$(mktemp -d)
chmod 0755 "$place"
trap '"$here/stop.sh" "$place/slurm"; rm -rf "$place"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# SLURM is up for as short as can be: while it is, Snakemake asks it at every start on the machine.
local_run=(python "$here/compare.py" local "$place")
if unshare --net true 2>/dev/null; then
    echo 'På denne maskinen kjøres det uten nett.'
    # Its own machine alone a program may always speak to.
    unshare --net bash -c 'if command -v ip >/dev/null; then ip link set lo up; fi; "$@"' _ "${local_run[@]}"
else
    "${local_run[@]}"
fi
"$here/start.sh" "$place/slurm"
SLURM_CONF="$place/slurm/slurm.conf" python "$here/compare.py" slurm "$place"
