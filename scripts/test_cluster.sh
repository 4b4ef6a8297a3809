#!/usr/bin/env bash
# Runs a small experiment in one process, on Slurm and on Ray: the seeds are the same to the bit, whatever was killed in between.
# Slurm is Debian's, two nodes on this machine, without root and without a trace; Ray is PyPI's, in a folder of its own in target/.
#   sudo apt-get install slurm-wlm munge
#   scripts/test_cluster.sh            both
#   scripts/test_cluster.sh ray        one of them: slurm, ray
set -euo pipefail
cd "$(dirname "$0")/.."

parts=" ${*:-slurm ray} "
wanted() { [[ $parts == *" $1 "* ]]; }
if wanted slurm; then
  for tool in munged slurmctld slurmd sbatch; do
    command -v "$tool" >/dev/null || { echo "error: no $tool; install it: sudo apt-get install slurm-wlm munge" >&2; exit 1; }
  done
fi
cargo build --locked --bin moto_controller --example write_trial # With an example: see scripts/test.sh.
program=$PWD/target/debug/moto_controller ray=$PWD/target/cluster/venv
if wanted ray && [ ! -e "$ray/installed-2.60.0" ]; then
  python3 -m venv "$ray"
  "$ray/bin/pip" install --quiet --disable-pip-version-check ray==2.60.0
  touch "$ray/installed-2.60.0"
fi

place=$(mktemp -d)
chmod 755 "$place" # munged hands its socket to no folder that is closed to others.
daemons=()
# Ends everything. Slurm's jobs outlive its daemons, so they go first.
leave() {
  if [ -n "${SLURM_CONF:-}" ]; then
    timeout 20 scancel --state=PENDING --user="$(id -un)" || true
    timeout 20 scancel --signal=KILL --full --user="$(id -un)" || true
    timeout 30 bash -c 'while [ -n "$(squeue --noheader)" ]; do sleep .2; done' || true
  fi
  kill "${daemons[@]}" 2>/dev/null || true
  wait
  rm -rf "$place"
}
trap leave EXIT
cd "$place"

# Waits until a command succeeds.
until_true() {
  for _ in $(seq 4500); do
    if "$@"; then return; fi
    sleep .2
  done
  echo "error: a quarter of an hour without: $*" >&2
  tail -n 20 ./*.out ./*/slurm/*.log >&2 || true
  exit 1
}

# The records of all seeds in a folder, but for their last column, which is time.
records() { for seed in "$1"/seeds/*.csv; do echo "${seed##*/}"; sed 's/,[^,]*$//' "$seed"; done; }
same() {
  diff <(records alone) <(records "$1") && cmp -s alone/figure.svg "$1/figure.svg" || { echo "error: $1 is not as in one process" >&2; exit 1; }
}

cat >small.yaml <<END
seeds: 2
all: {rollouts: 6, iterations: ITERATIONS, task: {swing_up: {horizon: 12, rewarded_steps: 4}}}
only: [MOTO, no importance sampling]
END
sed -i "s/ITERATIONS/${ITERATIONS:-300}/" small.yaml
small=(1c --config small.yaml --out)
"$program" experiment "${small[@]}" alone >/dev/null

on_slurm() {
  mungekey --create --keyfile=munge.key
  munged --foreground --key-file="$place/munge.key" --socket="$place/munge.socket" --pid-file="$place/munged.pid" \
    --log-file="$place/munged.log" --seed-file="$place/munged.seed" >munged.out 2>&1 &
  daemons+=($!)
  host=$(hostname -s) user=$(id -un)
  # Ports that nothing listens to now.
  port=$(python3 -c 'import random; print(random.randrange(20000, 32000, 4))')
  cat >slurm.conf <<END
ClusterName=moto
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$user
SlurmdUser=$user
AuthInfo=socket=$place/munge.socket
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool-%n
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
NodeName=node[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 2))] CPUs=1
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
  mkdir state
  export SLURM_CONF=$place/slurm.conf
  slurmctld -D >slurmctld.out 2>&1 &
  daemons+=($!)
  for node in node1 node2; do
    slurmd -D -N "$node" >"$node.out" 2>&1 &
    daemons+=($!)
  done
  ready() { [ "$(sinfo --noheader --Node --states=idle 2>/dev/null | wc -l)" = 2 ]; }
  until_true ready

  "$program" experiment "${small[@]}" on_slurm --submit slurm >/dev/null
  submitted=$(bash on_slurm/experiment.sbatch)
  array=$(sed 's/array \([0-9]*\),.*/\1/' <<<"$submitted")
  # One job is requeued, as one that is preempted; another is told that its time is over. Both begun, neither finished.
  runs() { grep -q "jobs here" "on_slurm/slurm/$1.log" 2>/dev/null; }
  for job in 0 1; do until_true runs "$job"; done
  scontrol requeue "${array}_0"
  timeout 5 scancel --signal=USR1 "${array}_1" || true # It keeps asking about a job that requeued itself in the meantime.
  # Slurm lets two minutes pass before a job runs again.
  requeued() { squeue --noheader --array --jobs="${array}_$1" --format=%r 2>/dev/null | grep -q BeginTime; }
  for job in 0 1; do
    until_true requeued "$job"
    scontrol update jobid="${array}_$job" starttime=now
  done
  finished() { [ -z "$(squeue --noheader)" ]; }
  until_true finished
  for job in 0 1; do grep -q "the same command goes on" "on_slurm/slurm/$job.log"; done
  grep -q "results:" on_slurm/slurm/merge.log
  same on_slurm
  echo "Slurm: an array of 4 jobs, two of them requeued, and its merge"
}

# Ray, with one of its two workers killed, and the job that it ran.
on_ray() {
  # Its files in this folder, and patience with a busy machine.
  export HOME=$place RAY_TMPDIR=$place RAY_USAGE_STATS_ENABLED=0 RAY_raylet_start_wait_time_s=300
  "$ray/bin/python" "$OLDPWD/scripts/experiment_on_ray.py" --program "$program" "${small[@]}" on_ray >ray.out 2>&1 &
  script=$!
  daemons+=($script)
  job() {
    kill -0 "$script" 2>/dev/null || { cat ray.out >&2; exit 1; }
    job=$(pgrep -f "^$program experiment ${small[*]} on_ray --job" | head -n 1) && [ -n "$job" ]
  }
  until_true job
  kill -KILL "$(ps -o ppid= -p "$job" | tr -d ' ')" "$job"
  wait "$script" || { cat ray.out >&2; exit 1; }
  same on_ray
  echo "Ray: two workers, one of them killed"
}

for part in slurm ray; do
  if wanted "$part"; then "on_$part"; fi
done
