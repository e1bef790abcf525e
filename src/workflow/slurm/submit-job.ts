/** Hands a script to Slurm. */
import { spawnSync } from 'node:child_process';
import { LockstepError } from '../../core/errors.ts';
import { systemErrorCode } from '../../core/system-error.ts';

/** Of what a program printed. */
const MOST_SHOWN = 80;

/**
 * @returns the job's id
 * @throws LockstepError USAGE where there is no sbatch, and with Slurm's own words where it refuses the job
 */
export function submitJob(script: string): string {
  const options = { input: script, encoding: 'utf8' } as const;
  const { error, status, stdout, stderr } = spawnSync('sbatch', ['--parsable'], options);
  if (systemErrorCode(error) === 'ENOENT') {
    throw new LockstepError(
      'USAGE',
      'Cannot submit the job: there is no "sbatch" on the path of this host.',
      'Do it where Slurm takes jobs, such as a login node; --dry-run prints the script anywhere.',
    );
  }
  if (status !== 0) {
    const words = stderr
      ?.trim()
      .split('\n')
      .at(-1)
      ?.replace(/^sbatch: error: /, '');
    const why = words || error?.message || 'it gave no reason';
    const message = `Cannot submit the job: sbatch refused it: ${why}.`;
    throw new LockstepError('USAGE', message, 'Look at the script by --dry-run.');
  }
  // "7", or "7;cluster"; a site's own sbatch may print more before it.
  const id = /^(\d+)(?:;[\w.-]+)?$/.exec(stdout.trim().split('\n').at(-1)!)?.[1];
  if (id === undefined) throw unnamed(stdout);
  return id;
}

function unnamed(stdout: string): LockstepError {
  return new LockstepError(
    'USAGE',
    `sbatch took the job but did not name it: it printed "${stdout.trim().slice(0, MOST_SHOWN)}".`,
    'Find it by "squeue --me".',
  );
}
