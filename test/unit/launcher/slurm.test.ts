import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { jobScript, type SlurmJob } from '../../../src/workflow/slurm/job-script.ts';
import { submitJob } from '../../../src/workflow/slurm/submit-job.ts';
import { CLONE } from '../../helper/clone.ts';

const TEMPLATE = readFileSync(join(CLONE, 'launcher', 'slurm', 'lockstep.sbatch'), 'utf8');
const JOB: SlurmJob = {
  config: '/shared/my config.yaml',
  run: '/shared/runs/a',
  train: ['--set', "name='x y'"],
  program: '/opt/lockstep/bin/lockstep.js',
  nodes: 3,
  isArray: false,
  options: [],
};
const scriptOf = (job: Partial<SlurmJob>): string[] =>
  jobScript(TEMPLATE, { ...JOB, ...job }).split('\n');
const optionsIn = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.startsWith('#SBATCH')).map((line) => line.replace('#SBATCH --', ''));

describe('jobScript()', () => {
  it('is the template with the run filled in, as a shell reads it', () => {
    const lines = scriptOf({});
    assert.equal(lines[0], '#!/bin/bash');
    assert.ok(lines.includes('LOCKSTEP=/opt/lockstep/bin/lockstep.js'));
    const words = `'/shared/my config.yaml' /shared/runs/a --set 'name='\\''x y'\\'''`;
    assert.ok(lines.includes(`set -- ${words}`), lines.join('\n'));
    const rest = TEMPLATE.slice(TEMPLATE.indexOf('set -u\n'));
    assert.ok(lines.join('\n').endsWith(rest));
  });

  it('puts each option in the place of the one that the template has, or after them', () => {
    const own = optionsIn(TEMPLATE.split('\n'));
    const given = optionsIn(
      scriptOf({ options: ['signal=USR1@300', 'time=4:00:00', 'exclusive'] }),
    );
    const changed = own.map((option) =>
      option.replace('USR1@120', 'USR1@300').replace('nodes=2', 'nodes=3'),
    );
    assert.deepEqual(given, [...changed, 'time=4:00:00', 'exclusive']);
  });

  it('makes jobs of one node each of an array', () => {
    const options = optionsIn(scriptOf({ isArray: true }));
    assert.ok(options.includes('nodes=1'));
    assert.ok(options.includes('array=0-2'));
  });

  it('refuses numbers and options that make no sense', () => {
    for (const nodes of [0, 1.5, Number.NaN, 1025]) {
      const message = `Cannot use --nodes ${nodes}: it must be an integer from 1 to 1024.`;
      assert.throws(() => scriptOf({ nodes }), { code: 'USAGE', message });
    }
    const message = 'Cannot use --array 1: it must be an integer from 2 to 1024.';
    assert.throws(() => scriptOf({ nodes: 1, isArray: true }), { code: 'USAGE', message });
    for (const option of ['comment=a b', '--qos=high', 'time=', 'x=1\n#SBATCH --uid=0', 'a="b"']) {
      assert.throws(() => scriptOf({ options: [option] }), { code: 'USAGE' }, option);
    }
  });
});

describe('submitJob()', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-sbatch-'));
  after(() => rmSync(folder, { recursive: true }));

  /** Where `sbatch` is this shell script, or absent. */
  function submitTo(sbatch: string | null): string {
    const path = process.env.PATH;
    if (sbatch !== null) {
      writeFileSync(join(folder, 'sbatch'), `#!/bin/sh\n${sbatch}\n`, { mode: 0o755 });
    }
    process.env.PATH = sbatch === null ? '/nowhere' : `${folder}:${path}`;
    try {
      return submitJob('#!/bin/bash\necho hello\n');
    } finally {
      process.env.PATH = path;
    }
  }

  it('gives sbatch the script and has the number of the job, also of one cluster of several', () => {
    assert.equal(submitTo('grep -q hello && echo 42'), '42');
    assert.equal(submitTo('cat > /dev/null; echo "7;north"'), '7');
    assert.equal(submitTo('cat > /dev/null; echo "Welcome."; echo 8'), '8');
  });

  it('believes no number that is none', () => {
    for (const printed of ['', 'hello', '7 scancel', '\\033[31m7', '-1', '7;x y']) {
      assert.throws(() => submitTo(`cat > /dev/null; printf '%b' '${printed}'`), {
        code: 'USAGE',
        message: /^sbatch took the job but did not name it: it printed ".*"\.$/,
      });
    }
  });

  it('says that there is no sbatch, or why it refuses', () => {
    assert.throws(() => submitTo(null), {
      code: 'USAGE',
      message: 'Cannot submit the job: there is no "sbatch" on the path of this host.',
    });
    const refuses =
      'echo "sbatch: error: Batch job submission failed: Invalid account" >&2; exit 1';
    assert.throws(() => submitTo(refuses), {
      code: 'USAGE',
      message:
        'Cannot submit the job: sbatch refused it: Batch job submission failed: Invalid account.',
    });
  });
});
