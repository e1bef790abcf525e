/** What a scheduler or MPI tells a process that it started, by its environment. Pure. */

export interface SchedulerPlace {
  readonly scheduler: 'torchrun' | 'Open MPI' | 'Slurm';
  /** Number of this task among all that were started with it. */
  readonly hostRank: number;
  /** So many tasks were started together; each is one agent. */
  readonly hosts: number;
  /** The same for all tasks of one start, another one for each start as far as its scheduler tells them apart. */
  readonly start: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Null outside of a scheduler, and for a task that was started alone. The innermost one counts: torchrun and mpirun
 * may themselves run under Slurm.
 */
export function schedulerPlace(env: Environment): SchedulerPlace | null {
  const task = taskIn(env);
  if (task === null || task.hosts < 2) return null;
  const { scheduler, hostRank, hosts, start } = task;
  return { scheduler, hostRank, hosts, start };
}

/** The GPUs of a scheduler's task, none of which is another's; null where the scheduler says nothing of them. */
export function taskGpus(env: Environment): readonly string[] | null {
  const task = taskIn(env);
  if (task === null) return null;
  const gpus = visibleGpus(env);
  if (gpus === null || task.ownsGpus || task.localSize === 1) return gpus;
  const share = (rank: number) => Math.floor((rank * gpus.length) / task.localSize);
  return gpus.slice(share(task.localRank), share(task.localRank + 1));
}

const taskIn = (env: Environment): Task | null => torchrun(env) ?? openMpi(env) ?? slurm(env);

/** A number that a launcher gave this process without telling how many there are. */
export interface UncountedPlace {
  readonly hostRank: number;
  /** Absent where every start has the same numbers and no name. */
  readonly start?: string;
}

/** Null where nothing numbers this process, and where its launcher also tells how many there are. */
export function uncountedPlace(env: Environment): UncountedPlace | null {
  const pod = count(env.JOB_COMPLETION_INDEX);
  return pod !== undefined ? { hostRank: pod } : pmix(env);
}

/** PMIx keeps the number of processes in its server; Slurm, Open MPI and others put it into the environment besides. */
export function pmix(env: Environment): UncountedPlace | null {
  const hostRank = count(env.PMIX_RANK);
  if (hostRank === undefined || env.PMIX_NAMESPACE === undefined) return null;
  if (taskIn(env) !== null) return null;
  return { hostRank, start: `pmix-${env.PMIX_NAMESPACE}` };
}

interface Task extends SchedulerPlace {
  /** Number of this task on its host, and how many are there. */
  readonly localRank: number;
  readonly localSize: number;
  /** Whether the tasks of one host see different GPUs, rather than all of them. */
  readonly ownsGpus: boolean;
}

function torchrun(env: Environment): Task | null {
  if (env.TORCHELASTIC_RUN_ID === undefined) return null;
  const { TORCHELASTIC_RUN_ID: id, MASTER_ADDR: address = '', MASTER_PORT: port = '' } = env;
  // The id is "none" by default; address and port tell such starts apart. TORCHELASTIC_RESTART_COUNT is left out: each
  // host counts only the failures of its own processes, so one that starts again would look for hosts of another start.
  const start = `torchrun-${id}-${address}-${port}`;
  const numbers = [env.RANK, env.WORLD_SIZE, env.LOCAL_RANK, env.LOCAL_WORLD_SIZE];
  return taskOf('torchrun', start, numbers, false);
}

function openMpi(env: Environment): Task | null {
  const { OMPI_COMM_WORLD_RANK: rank, OMPI_COMM_WORLD_SIZE: size } = env;
  const { OMPI_COMM_WORLD_LOCAL_RANK: local, OMPI_COMM_WORLD_LOCAL_SIZE: localSize } = env;
  const job = env.PMIX_NAMESPACE ?? env.OMPI_MCA_ess_base_jobid ?? '';
  return taskOf('Open MPI', `mpi-${job}`, [rank, size, local, localSize], false);
}

/** In a job script itself there is no step: one process runs there. */
function slurm(env: Environment): Task | null {
  if (env.SLURM_STEP_ID === undefined) return null;
  const { SLURM_JOB_ID: job, SLURM_STEP_ID: step, SLURM_RESTART_COUNT: restart = '0' } = env;
  const perNode = tasksPerNode(env.SLURM_STEP_TASKS_PER_NODE ?? '');
  const localSize = perNode[Number(env.SLURM_NODEID)] ?? 1;
  const numbers = [env.SLURM_PROCID, env.SLURM_STEP_NUM_TASKS, env.SLURM_LOCALID, `${localSize}`];
  const ownsGpus = env.SLURM_GPUS_PER_TASK !== undefined;
  return taskOf('Slurm', `slurm-${job}.${step}-${restart}`, numbers, ownsGpus);
}

/** "2(x3),1" is [2, 2, 2, 1]. */
function tasksPerNode(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, tasks, times = '1'] = /^(\d{1,6})(?:\(x(\d{1,6})\))?$/.exec(part) ?? [];
    return tasks === undefined ? [] : Array<number>(Number(times)).fill(Number(tasks));
  });
}

function taskOf(
  scheduler: Task['scheduler'],
  start: string,
  numbers: readonly (string | undefined)[],
  ownsGpus: boolean,
): Task | null {
  const [hostRank, hosts, localRank = 0, localSize = 1] = numbers.map(count);
  if (hostRank === undefined || hosts === undefined || hostRank >= hosts) return null;
  return { scheduler, hostRank, hosts, start, localRank, localSize, ownsGpus };
}

function count(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}

/** Not from SLURM_JOB_GPUS: those are numbers of the host, which a task in a control group does not see. */
function visibleGpus({ CUDA_VISIBLE_DEVICES: visible }: Environment): readonly string[] | null {
  if (visible === undefined || visible === 'NoDevFiles') return null;
  const ids = visible.split(',').map((id) => id.trim());
  return ids.every((id) => id !== '') ? ids : null;
}
