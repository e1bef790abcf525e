/** Open MPI on made-up hosts: `mpirun` on the first of them starts its daemons on the others by a stand-in for ssh. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENTER_HOST, whyNoHosts } from './made-up-hosts.ts';

/** Why there can be none here; undefined where there can. */
export function whyNoOpenMpi(): string | undefined {
  if (spawnSync('mpirun', ['--version']).status === 0) return whyNoHosts();
  return 'mpirun of the package openmpi-bin is missing';
}

/** Called as ssh is: options, a host, a command. */
const REMOTE_SHELL = `#!/bin/sh
while [ "\${1#-}" != "$1" ]; do shift; done
host=$1
shift
set -- "$PWD" $host sh -c "$*"
${ENTER_HOST}
`;

/**
 * The command that starts another one once on each of some hosts, to run on the first of them.
 * @param command options of mpirun may precede it
 * @param folder where it writes what it needs
 */
export function mpirun(hosts: number, folder: string, command: readonly string[]): string[] {
  const [shell, hostfile] = [join(folder, 'remote-shell'), join(folder, 'hostfile')];
  writeFileSync(shell, REMOTE_SHELL, { mode: 0o755 });
  writeFileSync(hostfile, Array.from({ length: hosts }, (_, at) => `h${at + 1}\n`).join(''));
  return [
    ...['env', 'OMPI_ALLOW_RUN_AS_ROOT=1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1', 'mpirun'],
    ...['--mca', 'plm_rsh_agent', shell, '--hostfile', hostfile],
    ...['-n', String(hosts), '--map-by', 'ppr:1:node', ...command],
  ];
}
