/** Files that differ from those that a run was trained on: predicted as they are meant, warned of, or refused. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { runConfig } from './config.ts';
import { COLUMNS, csv, npy, REAL, type Sequence, wav, waves } from './input.ts';
import { Room } from './room.ts';

describe('files that differ from the training data', () => {
  const room = new Room();
  after(() => room.remove());
  const data = waves({ count: 24, classes: ['slow', 'fast'] });
  const others = waves({ count: 4, classes: ['slow', 'fast'], offset: 0.1 });

  const refused = async (file: string, content: string | Uint8Array, command = 'predict') => {
    room.write({ [file]: content });
    return await room.refused(command, 'run', '--files', file);
  };
  const told = async (command: string, sequences: readonly Sequence[]) => {
    room.write({ 'new.csv': csv(sequences) });
    return await room.runs(command, 'run', '--files', 'new.csv');
  };

  before(async () => {
    room.write({ 'in.csv': csv(data), 'run.yaml': runConfig({ store: 'data', steps: 2 }) });
    await room.runs('data', 'import', 'in.csv', 'data', ...COLUMNS, ...REAL);
    await room.runs('train', 'run.yaml', '--run', 'run');
  });

  it('of another layout are refused with the way out', async () => {
    const line = await refused('a.csv', csv(others).replace('id,', 'key,'));
    assert.match(line, /no column "id" for the id \(columns: key, class, values\)/);
    assert.match(
      line,
      /data import in\.csv data --id id .*data import a\.csv data\/a …"\) and give/,
    );
    assert.match(await refused('b.csv', ''), /There is no sequence in "b\.csv": nothing was found/);
    assert.match(await refused('c.npy', npy([1, 2, 3])), /Cannot read "c\.npy": its shape/);
  });

  it('of another kind are refused: bases and sounds are no measurements', async () => {
    const bases = await refused('d.fa', '>a\nACGTACGT\n');
    assert.match(bases, /the training data were numbers, and these are letters/);
    assert.match(await refused('e.wav', wav([1, 2, 3])), /and these are sounds/);
  });

  it('of unusual lengths are warned of, as are those without a label', async () => {
    const [first, second] = others as [Sequence, Sequence];
    const short = { ...first, id: 'short', values: first.values.slice(0, 5) };
    const { stderr } = await told('predict', [short, second]);
    assert.match(stderr, /Warning: 1 of 2 sequences are less than half as long .*"short" \(5\)/);
    const evaluated = await told('evaluate', [{ ...first, label: '' }, second]);
    assert.match(evaluated.stderr, /1 of 2 sequences have no label, and are left out/);
  });

  it('with a class by a similar name are refused with that name', async () => {
    const renamed = others.map((one) => ({ ...one, label: one.label.toUpperCase() }));
    assert.match(await refused('f.csv', csv(renamed), 'evaluate'), /Did you mean "(slow|fast)"\?/);
  });

  it('are no pipe', async () => {
    assert.match(
      await room.refused('predict', 'run', '--files', '/dev/null'),
      /a pipe or a device/,
    );
    const line = await room.refused('predict', 'run', '--files', '-');
    assert.match(line, /reads no standard input/);
  });

  it('predictions never take the place of a pipe, nor lie among what is read', async () => {
    room.write({ 'many/a.csv': csv(others) });
    const line = await room.refused('predict', 'run', '--files', 'many', '--out', 'many/p.csv');
    assert.match(line, /it is in "many", which they are made from/);
    const pipe = room.path('pipe.csv');
    execFileSync('mkfifo', [pipe]);
    const reader = promisify(execFile)('cat', [pipe]);
    await room.runs('predict', 'run', '--files', 'many/a.csv', '--out', 'pipe.csv');
    assert.ok(lstatSync(pipe).isFIFO());
    assert.match((await reader).stdout, /^id,class,.*\ns0,/);
  });
});
