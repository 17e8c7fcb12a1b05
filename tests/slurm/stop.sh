#!/usr/bin/env bash
# Ends what start.sh started, by the numbers in its folder, and removes its link: with a link and no controller every
# start of Snakemake on the machine takes ten seconds.
#   stop.sh FOLDER
set -uo pipefail

folder=$(realpath -m "$1")
etc=/etc/slurm/slurm.conf

if [[ $(readlink "$etc") == "$folder/slurm.conf" ]]; then
    timeout 10 scancel --partition=test 2>/dev/null
    # Jobs end before the daemon that follows them does.
    for _ in $(seq 40); do
        [[ -z $(timeout 10 squeue -h -t RUNNING,COMPLETING 2>/dev/null) ]] && break
        sleep 0.25
    done
    rm -f "$etc"
fi
for name in slurmd slurmctld munged; do
    file=$folder/run/$name.pid
    [[ -f $file ]] || continue
    pid=$(cat "$file")
    kill "$pid" 2>/dev/null
    for _ in $(seq 40); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.25
    done
    if kill -9 "$pid" 2>/dev/null; then
        echo "stop.sh: $name måtte avsluttes med makt" >&2
    fi
done
exit 0
