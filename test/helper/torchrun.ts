/** PyTorch's `torchrun`, which starts a command on one host and knows the other hosts by the first one's address. */
import { spawnSync } from 'node:child_process';
import { addressOf, whyNoHosts } from './made-up-hosts.ts';

const PORT = 29_555;

/** Why there can be none here; undefined where there can. */
export function whyNoTorchrun(): string | undefined {
  if (spawnSync('torchrun', ['--help']).status === 0) return whyNoHosts();
  return 'torchrun of the package torch is missing';
}

/**
 * The command that starts another one once on a host of several; each runs it with its own number.
 * @param own further options of torchrun
 */
export function torchrun(
  hosts: number,
  host: number,
  command: readonly string[],
  own: readonly string[] = [],
): string[] {
  return [
    ...['torchrun', '--nnodes', String(hosts), '--nproc-per-node', '1'],
    ...['--node-rank', String(host - 1), '--master-addr', addressOf(1)],
    ...['--master-port', String(PORT), ...own, '--no-python', '--', ...command],
  ];
}
