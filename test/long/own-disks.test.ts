/** What befalls hosts without a common disk while they fetch a run, and between its starts: three made-up hosts, slow cables. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whyNoCables } from '../helper/cables.ts';
import { CLONE } from '../helper/clone.ts';
import type { Started } from '../helper/command-line.ts';
import { inFull, whyNoHosts } from '../helper/made-up-hosts.ts';
import { allEnd, allSucceed, CONFIG, SeveralHosts } from '../helper/several-hosts.ts';

const skip = inFull || (whyNoHosts() ?? whyNoCables() ?? false);
/** About 1 MB, and few steps. */
const LARGE = [
  ...['data.synthetic.count=4000', 'data.store=large', 'phases.pretrain.duration={steps: 4}'],
  'phases.finetune.duration={steps: 16}',
].flatMap((text) => ['--set', text]);
const ANOTHER = [...LARGE, '--set', 'data.store=another', '--set', 'data.synthetic.count=1000'];
const OURS = join(CLONE, 'examples', 'multi-scale.yaml');

describe('three hosts without a common disk', { skip }, () => {
  const hosts = new SeveralHosts(3, {
    alone: [CONFIG, ...LARGE],
    ownDisks: true,
    cable: { megabitsPerSecond: 2, delayMs: 1 },
  });
  const { place } = hosts;

  const startOn = (
    host: number,
    run: string,
    own: readonly string[] = LARGE,
    mount?: string,
    config = CONFIG,
  ): Started =>
    hosts.startOnOwnDisk(
      host,
      [
        ...['train', config, '--run', run, '--own-disks', '--resume', 'auto', '--hosts', '3'],
        ...['--rendezvous', 'tcp://h1:29400', '--key-file', '../key', ...own],
      ],
      mount,
    );
  const start = (run: string, own?: readonly string[]): Started[] =>
    [1, 2, 3].map((host) => startOn(host, run, own));
  const filesOf = (host: number, run: string): string[] => {
    const data = place.path(`h${host}`, run, 'data');
    return existsSync(data) ? readdirSync(data, { recursive: true, encoding: 'utf8' }) : [];
  };
  const untilFetching = async (host: number, run: string): Promise<void> => {
    while (!filesOf(host, run).some((name) => name.includes('.tmp-'))) await sleep(20);
  };

  it('takes a host in that was killed while it fetched, by the same command', async () => {
    const [first, second, third] = start('killed');
    await untilFetching(3, 'killed');
    hosts.signalAgentOn(3, 'KILL');
    await third!.ended;
    const again = startOn(3, 'killed');
    for (const { code, stderr } of await allEnd([first!, second!, again])) {
      assert.equal(code, 0, stderr);
    }
    assert.ok(!filesOf(3, 'killed').some((name) => name.includes('.tmp-')));
    assert.equal(place.stateHash('h1', 'killed'), hosts.hash);
    const { stderr } = await second!.ended;
    assert.match(
      stderr,
      /^EXIT code=0 .* last_checkpoint="killed\/checkpoints\/.*" on_host="h1"$/m,
    );
  });

  it('says that a disk became full while it was fetched to, and leaves nothing half-written', async () => {
    const small = place.path('h3', 'small');
    const isFetching = `ls -a ${small}/run/data/*/ 2>/dev/null | grep -q tmp-`;
    const fill = `until ${isFetching}; do sleep 0.02; done; cat /dev/zero > ${small}/zeros`;
    // The shell becomes the program.
    const list = `while kill -0 $$; do sleep 0.1; done; ls -aR ${small} > ${place.path('h3', 'left')}`;
    const mount = `mkdir ${small} && mount -t tmpfs -o size=1500k small ${small}`;
    const others = [1, 2].map((host) => startOn(host, 'full'));
    const full = startOn(3, 'small/run', LARGE, `${mount} && { (${fill}; ${list}) 2>/dev/null & }`);
    for (const { code, stderr } of await allEnd([...others, full])) {
      assert.equal(code, 5, stderr);
      assert.match(
        stderr,
        /^OUT_OF_RESOURCES: .*annot write ".*\/small\/run\/.*: the file system is full/m,
      );
    }
    const left = readFileSync(place.path('h3', 'left'), 'utf8');
    assert.doesNotMatch(left, /\.tmp-|manifest\.json/);
    assert.equal(existsSync(place.path('h1', 'full')), false);
  });

  it('fetches a dataset again of which a bit has changed, and another one', async () => {
    const stopped = start('data');
    await place.untilSteps('h1/data', 2);
    hosts.signalAgentOn(1, 'USR1');
    for (const { code, stderr } of await allEnd(stopped)) assert.equal(code, 75, stderr);
    const damaged = place.path('h2', 'data', 'data', 'version-1', 'sequences-00000.arrow');
    const bytes = readFileSync(damaged);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(damaged, bytes);
    const [, second, third] = await allSucceed(start('data'));
    assert.match(
      second!.stderr,
      /^Warning: Dataset ".*\/h2\/data\/data" is damaged: .* It is fetched\.$/m,
    );
    assert.doesNotMatch(third!.stderr, /Fetch/);
    assert.equal(place.stateHash('h1', 'data'), hosts.hash);

    rmSync(place.path('h1', 'data'), { recursive: true });
    const [, another] = await allSucceed(start('data', ANOTHER));
    assert.match(another!.stderr, /^Fetching \d+ files, /m);
    await hosts.alone('alone-again', CONFIG, ...ANOTHER);
    assert.equal(place.stateHash('h1', 'data'), place.stateHash('alone-again'));
  });

  it('trains with an extension that is the same on all hosts, and refuses a host with another file', async () => {
    const source = readFileSync(join(CLONE, 'examples', 'multi-scale-model.ts'), 'utf8');
    const on = [1, 2, 3].map((host) => place.path(`h${host}`, 'model.ts'));
    for (const path of on) writeFileSync(path, source);
    const options = ['--extension', 'model.ts', '--hosts-wait', '20'];
    const ended = await allSucceed(
      [1, 2, 3].map((host) => startOn(host, 'ours', options, undefined, OURS)),
    );
    const hashes = ended.map(({ stdout }) => /^state \w+/m.exec(stdout)?.[0]);
    assert.equal(new Set(hashes).size, 1);
    writeFileSync(on[2]!, `${source}// Another one.\n`);
    const [first, , third] = await allEnd(
      [1, 2, 3].map((host) => startOn(host, 'other', options, undefined, OURS)),
    );
    assert.equal(first!.code, 7, first!.stderr);
    assert.match(third!.stderr, /^PROTOCOL: The leader refused this host: it was started/m);
  });
});
