import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { StandbyCoordinator } from '../../../../src/coordinator/supervisor/standby.ts';

const started: ChildProcess[] = [];
/** @param code with which it ends; null: it waits */
function start(code: number | null = null): ChildProcess {
  const body = code === null ? 'setTimeout(() => {}, 60_000)' : `process.exit(${code})`;
  const child = spawn(process.execPath, ['-e', body], { stdio: 'ignore' });
  started.push(child);
  return child;
}

describe('a coordinator that stands by', () => {
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  it('is started once, and handed over once: the next one is another process', () => {
    const standby = new StandbyCoordinator(start);
    standby.prepare();
    standby.prepare();
    assert.equal(started.length, 1);
    assert.equal(standby.take(), started[0]);
    assert.notEqual(standby.take(), started[0]);
  });

  it('is ended when it is not needed, and not when it was handed over', async () => {
    const standby = new StandbyCoordinator(start);
    standby.prepare();
    const taken = standby.take();
    standby.prepare();
    const spare = started[1]!;
    standby.discard();
    assert.deepEqual(await once(spare, 'exit'), [null, 'SIGKILL']);
    assert.equal(taken.killed, false);
  });

  it('is not missed when it could not be started, or has ended by itself', async () => {
    const standby = new StandbyCoordinator(() => start(started.length === 0 ? 3 : null));
    standby.prepare();
    await once(started[0]!, 'exit');
    assert.equal(standby.take(), started[1]);
    const unstarted = new StandbyCoordinator(() => {
      const child = spawn('/nowhere/node', { stdio: 'ignore' });
      started.push(child);
      return child;
    });
    unstarted.prepare();
    await once(started[2]!, 'error');
    assert.equal(unstarted.take(), started[3]);
    await once(started[3]!, 'error');
  });
});
