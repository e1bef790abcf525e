/**
 * Made-up hosts on this machine: network and host-name namespaces, joined by a bridge from which nothing leads out, or by
 * cables of a chosen speed. They see one disk. All that runs there ends with this process, however it ends.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Cable, Cables } from './cables.ts';

export type Family = 4 | 6;
/** The network in which host i, which is named h<i>, has i at the end of its address, and what follows the address. */
const NETWORK = { 4: ['10.77.0.1', '/24'], 6: ['fd77::1', '/64 nodad'] } as const;

/** The address of a host. */
export const addressOf = (host: number, family: Family = 4): string =>
  `${NETWORK[family][0]}${host}`;

/** Host i is a namespace too: pids are those of the sandbox. */
const SET_UP = `
set -e
mount -t proc proc /proc
mount -t tmpfs run /run
mkdir -p /run/netns
names=$(mktemp)
echo '127.0.0.1 localhost' > $names
ip link set lo up
for i in $(seq $1); do
  echo "$2$i h$i" >> $names
  ip netns add h$i
  ip -n h$i link set lo up
done
mount --bind $names /etc/hosts
rm $names
echo ready
cat
`;
/** Without cables: joined by the kernel, as fast as memory. */
const BRIDGE = `
set -e
ip link add br0 type bridge
ip link set br0 up
for i in $(seq $1); do
  ip link add v$i type veth peer name eth0 netns h$i
  ip link set v$i master br0 up
done
`;
const ADDRESSES = `
set -e
for i in $(seq $1); do
  ip -n h$i addr add $2$i$3 dev eth0
  ip -n h$i link set eth0 up
done
`;
const NAMESPACES = ['--net', '--mount', '--ipc', '--pid'];
/** Shell: runs a command; its arguments are a folder, the host's name, and the command. */
export const ENTER_HOST =
  'cd "$1" && host=$2; shift 2; exec ip netns exec $host unshare --uts sh -c \'echo $1 > /proc/sys/kernel/hostname; shift; exec "$@"\' - $host "$@"';

const userNamespace = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];

/** Why there can be none here; undefined where they can. */
export function whyNoHosts(): string | undefined {
  if (process.platform !== 'linux') return 'made-up hosts need Linux';
  const tried = spawnSync(
    'unshare',
    [
      ...[...userNamespace, ...NAMESPACES, '--fork', '--kill-child'],
      ...['sh', '-c', SET_UP.replace(/\ncat\n$/, BRIDGE + ADDRESSES), '-', '1', ...NETWORK[4]],
    ],
    { encoding: 'utf8', timeout: 20_000 },
  );
  if (tried.status === 0) return undefined;
  const why = tried.error?.message ?? tried.stderr.trim().split('\n').at(-1);
  return `made-up hosts need unshare, iproute2 and the right to make namespaces (${why})`;
}

/** Why a scenario is left out of the short form of the tests. */
export const inFull =
  process.env.LOCKSTEP_CLUSTER === 'all' ? false : 'npm run test:cluster runs it';

export class MadeUpHosts {
  readonly #holder: ChildProcess;
  readonly #init: number;

  #cables: Cables | undefined;

  private constructor(holder: ChildProcess, init: number) {
    this.#holder = holder;
    this.#init = init;
  }

  /**
   * @param cable what joins each host with the others; without it they are as close as the kernel makes them
   * @param family of the only addresses that they have
   */
  static async open(count: number, cable?: Cable, family: Family = 4): Promise<MadeUpHosts> {
    const [network] = NETWORK[family];
    const argv = [...userNamespace, ...NAMESPACES, '--fork', '--kill-child'];
    const holder = spawn('unshare', [...argv, 'sh', '-c', SET_UP, '-', String(count), network], {
      // When this process is gone `cat` ends, and everything there with it.
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout!, 'data');
    const { pid } = holder;
    const [init] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const hosts = new MadeUpHosts(holder, Number(init));
    await hosts.#join(count, cable, family);
    return hosts;
  }

  async #join(count: number, cable: Cable | undefined, family: Family): Promise<void> {
    const names = Array.from({ length: count }, (_, at) => `h${at + 1}`);
    if (cable === undefined) this.run('sh', '-c', BRIDGE, '-', String(count));
    else this.#cables = await Cables.lay(cable, names, this.#inside);
    this.run('sh', '-c', ADDRESSES, '-', String(count), ...NETWORK[family]);
  }

  /** The command that runs another one on a host, in a folder: entering a namespace of mounts leaves the current one. */
  on(host: number, folder: string, command: readonly string[]): [string, ...string[]] {
    return [...this.#inside, 'sh', '-c', ENTER_HOST, '-', folder, `h${host}`, ...command];
  }

  /** Runs a command where all hosts are seen; its output. */
  run(...command: readonly string[]): string {
    const [program, ...argv] = [...this.#inside, ...command];
    return execFileSync(program, argv, { encoding: 'utf8' });
  }

  /** Process ids, as the hosts see them, of processes on a host whose command line fits. */
  pidsOn(host: number, command: RegExp): number[] {
    const pids = this.run('ip', 'netns', 'pids', `h${host}`).trim().split('\n');
    const table = this.run('ps', '-eo', 'pid=,args=').trim().split('\n');
    return table
      .map((line) => line.trim().split(/\s+/))
      .filter(([pid, ...args]) => pids.includes(pid!) && command.test(args.join(' ')))
      .map(([pid]) => Number(pid));
  }

  /** Bytes that a host has sent to others so far. */
  sentBy(host: number): number {
    const counter = '/sys/class/net/eth0/statistics/tx_bytes';
    return Number(this.run('ip', 'netns', 'exec', `h${host}`, 'cat', counter));
  }

  kill(signal: string, pid: number): void {
    this.run('kill', `-${signal}`, String(pid));
  }

  /** Pulls a host's cable out, or puts it in again. */
  cable(host: number, state: 'up' | 'down'): void {
    if (this.#cables !== undefined) this.#cables.set(host, state);
    else this.run('ip', 'link', 'set', `v${host}`, state);
  }

  async close(): Promise<void> {
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin!.end();
    await ended;
    await this.#cables?.removed();
  }

  get #inside(): [string, ...string[]] {
    const user = userNamespace.length > 0 ? ['--user', '--preserve-credentials'] : [];
    return ['nsenter', '--target', String(this.#init), ...user, ...NAMESPACES, '--'];
  }
}
