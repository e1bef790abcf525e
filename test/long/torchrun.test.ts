/** Runs that torchrun starts, on hosts that are made up on this machine. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LOCKSTEP_PROGRAM, type Started } from '../helper/command-line.ts';
import { addressOf, inFull } from '../helper/made-up-hosts.ts';
import { allEnd, allSucceed, CONFIG, SeveralHosts, slow } from '../helper/several-hosts.ts';
import { torchrun, whyNoTorchrun } from '../helper/torchrun.ts';

const HOSTS = 2;
/** Leaves time for what is done to it. */
const SLOW = slow([0, 1], 1500);
const PROCESS = /^\S*node .*lockstep\.js train/;
const TORCHRUN = /^\S*python\S* \S*torchrun /;

describe('torchrun … --no-python -- lockstep train', { skip: whyNoTorchrun() ?? false }, () => {
  const hosts = new SeveralHosts(HOSTS);
  const { place } = hosts;

  const startOn = (host: number, run: string, args: readonly string[], own?: readonly string[]) => {
    const train = ['train', CONFIG, '--run', run, '--resume', 'auto', ...args];
    const command = torchrun(HOSTS, host, [LOCKSTEP_PROGRAM, ...train], own);
    return place.startProgramOn(hosts.made, host, command);
  };
  const start = (run: string, args: readonly string[] = [], own?: readonly string[]): Started[] =>
    [1, 2].map((host) => startOn(host, run, args, own));
  const kill = (signal: string, command: RegExp, ...on: readonly number[]): void => {
    const pids = on.flatMap((host) => hosts.made.pidsOn(host, command));
    assert.notEqual(pids.length, 0);
    for (const pid of pids) hosts.made.kill(signal, pid);
  };

  it('ends with the bits of one process', async () => {
    const [, second] = await allSucceed(start('plain'));
    assert.match(second!.stderr, /^This is host 1 of 2; h1 \(pid \d+\) leads\.$/m);
    assert.equal(place.stateHash('plain'), hosts.hash);
  });

  it('saves when torchrun is ended, and goes on by the same command', {
    skip: inFull,
  }, async () => {
    const stopped = start('ended', SLOW);
    await place.untilSteps('ended', 5);
    kill('TERM', TORCHRUN, 1, 2);
    for (const { stderr } of await allEnd(stopped)) assert.match(stderr, /^EXIT code=143 /m);
    await allSucceed(start('ended'));
    assert.equal(place.stateHash('ended'), hosts.hash);
  });

  it('takes a process in again that was killed, and that torchrun alone starts again', {
    skip: inFull,
  }, async () => {
    const started = start('alone-again', SLOW, ['--max-restarts', '1']);
    await place.untilSteps('alone-again', 5);
    kill('KILL', PROCESS, 2);
    const [first] = await allSucceed(started);
    assert.equal(first!.stderr.match(/is here: 2 of 2 hosts\.$/gm)?.length, 2, first!.stderr);
    hosts.assertIsOneHistory('alone-again');
  });

  it('goes on when torchrun starts all processes again, since one was killed', {
    skip: inFull,
  }, async () => {
    const elastic = ['--rdzv-backend', 'c10d', '--rdzv-endpoint', `${addressOf(1)}:29560`];
    const started = start('all-again', SLOW, ['--max-restarts', '1', ...elastic]);
    await place.untilSteps('all-again', 5);
    kill('KILL', PROCESS, 2);
    const [first] = await allSucceed(started);
    assert.match(first!.stderr, /^EXIT code=143 /m);
    assert.equal(place.stateHash('all-again'), hosts.hash);
  });

  it('goes on where all was killed at once: the same command has the same name, and a new key', {
    skip: inFull,
  }, async () => {
    const killed = start('killed', SLOW);
    await place.untilSteps('killed', 5);
    kill('KILL', /torchrun|lockstep|worker/, 1, 2);
    await allEnd(killed);
    const second = startOn(2, 'killed', []);
    await allSucceed([second, startOn(1, 'killed', [])]);
    assert.equal(place.stateHash('killed'), hosts.hash);
  });
});
