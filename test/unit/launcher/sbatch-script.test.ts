/** The script of a Slurm job, with programs in the place of Slurm's. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jobScript } from '../../../src/workflow/slurm/job-script.ts';
import { CLONE } from '../../helper/clone.ts';

const TEMPLATE = readFileSync(join(CLONE, 'launcher', 'slurm', 'lockstep.sbatch'), 'utf8');
const ODD = ['a b', "it's", '"$HOME"', '`id`', 'two\nlines', '*', '', '\\', '--set=x;y&z', '#!'];

describe('launcher/slurm/lockstep.sbatch', () => {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  after(() => rmSync(root, { recursive: true }));

  class Job {
    readonly folder = mkdtempSync(join(root, "it's $a "));
    readonly run = join(this.folder, 'runs', 'my run');
    readonly config = join(this.folder, 'my config.yaml');
    #child: ChildProcess | null = null;

    /**
     * @param srun what it does in bash
     * @param preemptTime what Slurm says of the job
     */
    constructor(srun: string, preemptTime = 'None') {
      const script = (name: string, text: string) =>
        writeFileSync(join(this.folder, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
      script('srun', `cd ${JSON.stringify(this.folder).replaceAll('$', '\\$')}\n${srun}`);
      const shown = `JobId=7 JobName=x PreemptTime=${preemptTime} Partition=main`;
      const requeue = 'echo "$*" >> "$(dirname "$0")/requeued"; exit 1';
      script('scontrol', `[ $1 = show ] && echo '${shown}' && exit\n${requeue}`);
      mkdirSync(this.run, { recursive: true });
    }

    path(name: string): string {
      return join(this.folder, name);
    }

    endsRun(code: number): void {
      writeFileSync(join(this.run, 'exit.json'), endOf(code));
    }

    start(train: readonly string[] = []): ChildProcess {
      const { config, run } = this;
      const common = { program: this.path('lock step'), nodes: 2, isArray: false, options: [] };
      writeFileSync(this.path('job'), jobScript(TEMPLATE, { config, run, train, ...common }));
      const env = { PATH: `${this.folder}:${process.env.PATH}`, SLURM_JOB_ID: '7' };
      this.#child = spawn('bash', [this.path('job')], { env, stdio: 'ignore' });
      return this.#child;
    }

    async code(): Promise<number> {
      const [code] = (await once(this.#child!, 'exit')) as [number];
      return code;
    }

    get isRequeued(): boolean {
      return existsSync(this.path('requeued'));
    }
  }

  const endOf = (code: number) => `${JSON.stringify({ code, reason: 'x' }, null, 2)}\n`;
  const writes = (code: number) =>
    `printf '%s' '${endOf(code)}' > "runs/my run/new" && mv "runs/my run/new" "runs/my run/exit.json"`;

  it('hands over paths and options as they are', async () => {
    const job = new Job(`printf '%s\\0' "$@" > words`);
    job.start(ODD);
    assert.equal(await job.code(), 0);
    const words = readFileSync(job.path('words'), 'utf8').split('\0').slice(0, -1);
    const lockstep = [job.path('lock step'), 'train', job.config, '--run', job.run];
    assert.deepEqual(words, ['--kill-on-bad-exit=0', ...lockstep, '--resume', 'auto', ...ODD]);
  });

  for (const [code, requeues] of [
    [75, true],
    [0, false],
    [3, false],
  ] as const) {
    it(`ends with ${code} where the run did without a host that was lost`, async () => {
      const job = new Job(`${writes(code)}\nexit 137`);
      job.endsRun(75);
      job.start();
      assert.equal(await job.code(), code);
      assert.equal(job.isRequeued, requeues);
    });
  }

  it('ends with the code of its tasks where the run has not ended since', async () => {
    const job = new Job('exit 137');
    job.endsRun(75);
    job.start();
    assert.equal(await job.code(), 137);
    assert.equal(job.isRequeued, false);
  });

  for (const [when, preemptTime, code] of [
    ['was given notice before its nodes are taken', '2026-11-30T12:00:00', 75],
    ['was not, so somebody ended its tasks', 'None', 143],
  ] as const) {
    it(`ends with ${code} where its tasks have saved at SIGTERM and it ${when}`, async () => {
      const job = new Job('exit 143', preemptTime);
      job.start();
      assert.equal(await job.code(), code);
      assert.equal(job.isRequeued, code === 75);
    });
  }

  for (const signals of [['SIGUSR1'], ['SIGTERM', 'SIGUSR1'], ['SIGUSR1', 'SIGTERM']] as const) {
    it(`hands ${signals.join(' and ')} at once to its tasks as USR1, and waits for them`, async () => {
      const job = new Job(
        "trap 'sleep 0.2; exit 75' USR1\ntouch ready\nwhile :; do sleep 0.02; done",
      );
      const script = job.start();
      while (!existsSync(job.path('ready'))) await sleep(10);
      for (const signal of signals) script.kill(signal);
      assert.equal(await job.code(), 75);
      assert.equal(job.isRequeued, true);
    });
  }
});
