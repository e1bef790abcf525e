/**
 * A real Slurm on made-up hosts: its controller on the last one, a node on each other one. All of it ends with the hosts.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf, type MadeUpHosts, whyNoHosts } from './made-up-hosts.ts';
import { deadline } from './slowness.ts';

const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'srun', 'scontrol', 'sinfo'];
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
const WAIT_MS = 120_000;

/** Why there can be none here; undefined where there can. */
export function whyNoSlurm(): string | undefined {
  if (process.getuid?.() !== 0) return 'Slurm sends jobs as their user only for root';
  const isThere = (name: string) =>
    spawnSync('sh', ['-c', `command -v ${name}`], { env: { PATH } }).status === 0;
  const absent = PROGRAMS.filter((name) => !isThere(name));
  if (absent.length === 0) return whyNoHosts();
  return `${absent.join(', ')} of the packages munge, slurmctld, slurmd and slurm-client are missing`;
}

export class Slurm {
  readonly #hosts: MadeUpHosts;
  readonly #nodes: number;
  readonly #folder: string;
  readonly #daemons = new Map<string, ChildProcess>();

  private constructor(hosts: MadeUpHosts, nodes: number, folder: string) {
    this.#hosts = hosts;
    this.#nodes = nodes;
    this.#folder = folder;
  }

  /** @param hosts one more than the nodes */
  static async start(hosts: MadeUpHosts, nodes: number, folder: string): Promise<Slurm> {
    const slurm = new Slurm(hosts, nodes, folder);
    const spools = Array.from({ length: nodes }, (_, node) => `spool/h${node + 1}`);
    for (const name of ['state', 'log', ...spools]) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    const at = (name: string) => join(folder, name);
    writeFileSync(at('munge.key'), randomBytes(128), { mode: 0o600 });
    writeFileSync(at('slurm.conf'), configuration(folder, nodes));
    // A host's /sys has no control groups, which the other plug-in wants.
    writeFileSync(at('cgroup.conf'), 'CgroupPlugin=cgroup/v1\n');
    slurm.#daemon('munged', nodes + 1, [
      ...['munged', '--foreground', '--force', `--key-file=${at('munge.key')}`],
      ...[`--socket=${at('munge.sock')}`, `--pid-file=${at('munged.pid')}`],
      ...[`--log-file=${at('log/munged.log')}`, `--seed-file=${at('munge.seed')}`],
    ]);
    await until('munged', () => existsSync(at('munge.sock')));
    slurm.#daemon('slurmctld', nodes + 1, ['slurmctld', '-D', '-c']);
    for (let node = 1; node <= nodes; node++) slurm.startNode(node);
    await until('idle nodes', () => slurm.#idleNodes() === nodes);
    return slurm;
  }

  startNode(node: number): void {
    this.#daemon(`h${node}`, node, ['slurmd', '-D']);
  }

  /** Takes a node's power away. */
  killNode(node: number): void {
    for (const pid of this.#hosts.pidsOn(node, /./)) {
      spawnSync(...this.#command(this.#nodes + 1, ['kill', '-KILL', String(pid)]));
    }
  }

  /** Runs a command of Slurm; its output. */
  run(...command: readonly string[]): string {
    const [program, argv] = this.#command(this.#nodes + 1, command);
    return execFileSync(program, argv, { encoding: 'utf8', env: this.#environment() });
  }

  /** What Slurm says of a job, such as `JobState` and `Restarts`. */
  job(id: string): Readonly<Record<string, string>> {
    const words = this.run('scontrol', 'show', 'job', id, '--oneliner').trim().split(/\s+/);
    return Object.fromEntries(
      words.map((word) => [word.split('=')[0]!, word.slice(word.indexOf('=') + 1)]),
    );
  }

  async reaches(id: string, state: string): Promise<void> {
    await until(`${state} of job ${id}`, () => this.job(id).JobState === state);
  }

  /** Resolves with the job's last state. */
  async ended(id: string): Promise<string> {
    const isOver = () =>
      /COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL/.test(this.job(id).JobState!);
    await until(`end of job ${id}`, isOver);
    return this.job(id).JobState!;
  }

  #idleNodes(): number {
    try {
      return Number(
        this.run('sinfo', '--noheader', '--partition=main', '--states=idle', '--format=%D').trim(),
      );
    } catch {
      return 0; // The controller does not answer yet.
    }
  }

  #daemon(name: string, host: number, command: readonly string[]): void {
    const [program, argv] = this.#command(host, command);
    const options = { stdio: 'ignore', env: this.#environment() } as const;
    this.#daemons.set(name, spawn(program, argv, options));
  }

  #command(host: number, command: readonly string[]): [string, string[]] {
    const [program, ...argv] = this.#hosts.on(host, this.#folder, command);
    return [program, argv];
  }

  #environment(): NodeJS.ProcessEnv {
    return { ...process.env, PATH, SLURM_CONF: join(this.#folder, 'slurm.conf') };
  }
}

/**
 * Limits are short, so that Slurm soon notices a dead node and soon starts a requeued job. What runs in the partition
 * `urgent` takes nodes away from `main`, and from `graceful` with notice.
 */
const configuration = (folder: string, nodes: number): string =>
  `ClusterName=made-up
SlurmctldHost=h${nodes + 1}(${addressOf(nodes + 1)})
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.sock,cred_expire=5
CredType=cred/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool/%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/%n.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=2,batch_sched_delay=0,bf_resolution=1
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=10
InactiveLimit=0
KillWait=5
JobRequeue=1
SlurmdParameters=config_overrides
NodeName=h[1-${nodes}] NodeAddr=${addressOf(1).slice(0, -1)}[1-${nodes}] CPUs=4 RealMemory=1000 State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=graceful Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=60
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=2 PreemptMode=OFF
`;

async function until(what: string, isSo: () => boolean): Promise<void> {
  const startedMs = performance.now();
  const waitMs = deadline(WAIT_MS);
  while (!isSo()) {
    if (performance.now() - startedMs > waitMs) throw new Error(`Slurm: no ${what} came.`);
    await sleep(100);
  }
}
