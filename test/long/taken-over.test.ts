/** The host of a run dies, and another one goes on in the run's folder. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CLONE } from '../helper/clone.ts';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';

const CONFIG = fixtureConfig('two-phases.yaml');
const NAMESPACES = ['--mount', '--uts', '--pid', '--fork', '--mount-proc', '--kill-child'];
/** A host is another one by its name and its boot. */
const AS_HOST = 'hostname h9; mount --bind "$1" /proc/sys/kernel/random/boot_id; shift; exec "$@"';
const hasHosts = spawnSync('unshare', [...NAMESPACES, 'true']).status === 0;

describe("a run's folder", { skip: hasHosts ? false : 'this user can make no namespaces' }, () => {
  const place = new Workplace();
  after(() => place.remove());

  it('is kept for its owner on another host while that lives, and taken over thirty seconds after its death', async () => {
    assert.equal((await place.run('train', CONFIG, '--run', 'undisturbed')).code, 0);
    writeFileSync(place.path('boot'), '11111111-2222-3333-4444-555555555555\n');
    const train = [join(CLONE, 'bin', 'lockstep.js'), 'train', CONFIG, '--run', 'run'];
    const slow = ['--simulate', 'slow@rank=0,step=13,ms=2000'];
    const onHost = ['bash', '-c', AS_HOST, 'bash', place.path('boot'), ...train, ...slow];
    const options = { cwd: place.folder, stdio: 'ignore' } as const;
    const host = spawn('unshare', [...NAMESPACES, ...onHost], options);
    await place.untilSteps('run', 13);

    const again = ['train', CONFIG, '--run', 'run', '--resume', 'auto'];
    const refused = await place.run(...again);
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /^RUN_LOCKED: "run" is in use by process \d+ on host "h9"\./m);

    host.kill('SIGKILL');
    await once(host, 'exit');
    const { code, stderr } = await place.run(...again);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Took "run" over from process \d+ on host "h9"/m);
    assert.equal(place.stateHash('run'), place.stateHash('undisturbed'));
  });
});
