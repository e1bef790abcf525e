import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  schedulerPlace,
  taskGpus,
  uncountedPlace,
} from '../../../src/cluster/scheduler-environment.ts';

const SLURM = {
  SLURM_JOB_ID: '7',
  SLURM_STEP_ID: '0',
  SLURM_PROCID: '2',
  SLURM_NODEID: '1',
  SLURM_LOCALID: '0',
  SLURM_STEP_NUM_TASKS: '3',
  SLURM_STEP_TASKS_PER_NODE: '2,1',
};

describe('schedulerPlace()', () => {
  it('reads the step of a Slurm job', () => {
    const place = { scheduler: 'Slurm', hostRank: 2, hosts: 3, start: 'slurm-7.0-0' };
    assert.deepEqual(schedulerPlace(SLURM), place);
    const again = schedulerPlace({ ...SLURM, SLURM_RESTART_COUNT: '1' });
    assert.equal(again?.start, 'slurm-7.0-1');
  });

  it('takes no number that a variable of nonsense claims', () => {
    for (const tasks of ['2(x99999999999)', '99999999999', '1(x-1)', '', ',', '1e9(x1e9)']) {
      const place = schedulerPlace({ ...SLURM, SLURM_STEP_TASKS_PER_NODE: tasks });
      assert.equal(place?.hosts, 3, tasks);
    }
    for (const hosts of ['-1', '1e9', '99999999999', 'two']) {
      assert.equal(schedulerPlace({ ...SLURM, SLURM_STEP_NUM_TASKS: hosts }), null, hosts);
    }
  });

  it('is null in a job script, which is no step, and for one task', () => {
    const { SLURM_STEP_ID: _, ...script } = SLURM;
    assert.equal(schedulerPlace(script), null);
    const one = { ...SLURM, SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '1' };
    assert.equal(schedulerPlace(one), null);
    assert.equal(schedulerPlace({}), null);
  });

  it('reads Open MPI, and torchrun, each also below Slurm', () => {
    const mpi = {
      OMPI_COMM_WORLD_RANK: '1',
      OMPI_COMM_WORLD_SIZE: '2',
      OMPI_COMM_WORLD_LOCAL_RANK: '0',
      PMIX_NAMESPACE: 'j1',
    };
    const place = { scheduler: 'Open MPI', hostRank: 1, hosts: 2, start: 'mpi-j1' };
    assert.deepEqual(schedulerPlace({ ...SLURM, ...mpi }), place);
    const torchrun = {
      TORCHELASTIC_RUN_ID: 'none',
      TORCHELASTIC_RESTART_COUNT: '2',
      MASTER_ADDR: 'h0',
      MASTER_PORT: '29500',
      RANK: '3',
      WORLD_SIZE: '4',
      LOCAL_RANK: '1',
      LOCAL_WORLD_SIZE: '2',
    };
    const its = {
      scheduler: 'torchrun',
      hostRank: 3,
      hosts: 4,
      start: 'torchrun-none-h0-29500',
    };
    assert.deepEqual(schedulerPlace({ ...SLURM, ...mpi, ...torchrun }), its);
    // On the other hosts, whose processes did not fail.
    assert.deepEqual(schedulerPlace({ ...torchrun, TORCHELASTIC_RESTART_COUNT: '0' }), its);
  });

  it('does not believe numbers that are none', () => {
    for (const rank of ['', '-1', '3', 'x', '1.5']) {
      assert.equal(schedulerPlace({ ...SLURM, SLURM_PROCID: rank }), null, rank);
    }
  });
});

/** What `srun --mpi=pmix` of Slurm 22.05 with PMIx 4.2.2 adds, as seen; a size is not among it. */
const PMIX = {
  PMIX_NAMESPACE: 'slurm.pmix.1.0',
  PMIX_RANK: '1',
  PMIX_HOSTNAME: 'h2',
  PMIX_SERVER_URI41: 'pmix-server.79;tcp4://127.0.0.1:56623',
  PMIX_VERSION: '4.2.2rc2',
};

describe('uncountedPlace()', () => {
  it("reads a pod's number, or PMIx where nothing else numbers the process", () => {
    assert.deepEqual(uncountedPlace({ JOB_COMPLETION_INDEX: '3' }), { hostRank: 3 });
    assert.deepEqual(uncountedPlace(PMIX), { hostRank: 1, start: 'pmix-slurm.pmix.1.0' });
    assert.equal(uncountedPlace({}), null);
  });

  it('leaves a process alone that Slurm or Open MPI has counted, also when it was started alone', () => {
    const alone = { ...SLURM, SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '1' };
    const mpi = { OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '1' };
    for (const counted of [SLURM, alone, mpi]) {
      assert.equal(uncountedPlace({ ...PMIX, ...counted }), null);
    }
  });

  it('does not believe a number that is none, or that belongs to no start', () => {
    for (const odd of [{ PMIX_RANK: '-2' }, { PMIX_RANK: 'x' }, { PMIX_NAMESPACE: undefined }]) {
      assert.equal(uncountedPlace({ ...PMIX, ...odd }), null);
    }
  });
});

describe('taskGpus()', () => {
  const gpus = { CUDA_VISIBLE_DEVICES: '4,5,6' };

  it('are those that the scheduler lets a task see, also one that was started alone', () => {
    assert.deepEqual(taskGpus({ ...SLURM, ...gpus }), ['4', '5', '6']);
    const alone = { ...SLURM, ...gpus, SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '1' };
    assert.deepEqual(taskGpus({ ...alone, SLURM_STEP_TASKS_PER_NODE: '1' }), ['4', '5', '6']);
    assert.equal(taskGpus(gpus), null);
    for (const none of ['', 'NoDevFiles']) {
      assert.equal(taskGpus({ ...SLURM, CUDA_VISIBLE_DEVICES: none }), null);
    }
  });

  it('are divided among the tasks of a host that see the same ones', () => {
    const first = { ...SLURM, ...gpus, SLURM_PROCID: '0', SLURM_NODEID: '0' };
    const second = { ...first, SLURM_PROCID: '1', SLURM_LOCALID: '1' };
    assert.deepEqual(taskGpus(first), ['4']);
    assert.deepEqual(taskGpus(second), ['5', '6']);
    assert.deepEqual(taskGpus({ ...second, SLURM_GPUS_PER_TASK: '3' }), ['4', '5', '6']);
  });
});
