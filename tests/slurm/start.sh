#!/usr/bin/env bash
# Starts a real SLURM of one machine on loopback, as root, without systemd, cgroups or a database of accounts.
#   start.sh FOLDER     FOLDER is empty or not there; stop.sh FOLDER ends what runs from it
# All its state lies in FOLDER but for the link /etc/slurm/slurm.conf: jobs lose the variable SLURM_CONF, and srun then
# looks there. A slurm.conf that is not such a link is never touched.
set -euo pipefail

folder=$(realpath -m "$1")
etc=/etc/slurm/slurm.conf
host=$(hostname -s)
memory=$(($(awk '/MemTotal/{print int($2 / 1024)}' /proc/meminfo) * 8 / 10))

if [[ -e $etc || -L $etc ]]; then
    echo "start.sh: $etc finnes fra før" >&2
    exit 1
fi
if [[ -n $(ls -A "$folder" 2>/dev/null) ]]; then
    echo "start.sh: $folder er ikke tom" >&2
    exit 1
fi
mkdir -p "$folder"/{state,spool,log,munge,run}
chmod 0755 "$folder" "$folder/run"
chmod 0700 "$folder/munge"

(
    umask 077
    dd if=/dev/urandom of="$folder/munge/munge.key" bs=128 count=1 status=none
)
munged --force --key-file="$folder/munge/munge.key" --socket="$folder/run/munge.socket" \
    --pid-file="$folder/run/munged.pid" --log-file="$folder/munge/munged.log" \
    --seed-file="$folder/munge/munged.seed" --num-threads=2

cat >"$folder/slurm.conf" <<CONF
ClusterName=tiltakseffekt
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
CryptoType=crypto/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
# A container has no cgroups: processes are followed through /proc and confined by nothing.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
# squeue answers for a job that has ended for so long.
MinJobAge=600
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
ReturnToService=2
KillWait=5
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 CPUs=$(getconf _NPROCESSORS_ONLN) RealMemory=$memory State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
mkdir -p /etc/slurm
ln -s "$folder/slurm.conf" "$etc"
slurmctld -f "$folder/slurm.conf" -c
slurmd -f "$folder/slurm.conf" -N node1
for _ in $(seq 60); do
    if sinfo -h -o '%T' 2>/dev/null | grep -qE '^(idle|mixed|allocated)$'; then
        exit 0
    fi
    sleep 0.5
done
echo "start.sh: SLURM kom ikke i gang på 30 s. Loggene:" >&2
tail -n 15 "$folder"/log/*.log >&2
exit 1
