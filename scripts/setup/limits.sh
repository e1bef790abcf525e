# Read by a shell that is about to start Node: limits with which Node itself ends without a word that helps. The others
# are looked at in limits.cjs. What is no number fails quietly: unlimited, or a shell without such a limit.
low() {
  echo "OUT_OF_RESOURCES: The limit of $1 is $2, too low even for Node; Lockstep needs at least $3." >&2
  exit 5
}
addresses=$(ulimit -v 2>&1)
if [ "$addresses" -lt 1000000 ] 2>&-; then
  low 'addresses (ulimit -v)' "$addresses KiB" '64 GiB. Raise it: ulimit -v unlimited. To limit memory, use a container or cgroup'
fi
files=$(ulimit -n 2>&1)
if [ "$files" -lt 32 ] 2>&-; then
  low 'open files (ulimit -n)' "$files" '256. Raise it: ulimit -n 4096'
fi
