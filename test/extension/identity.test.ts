/** An extension is a part of its run: who joins, resumes or predicts has the same one, or is told which. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CLONE } from '../helper/clone.ts';
import { Workplace } from '../helper/command-line.ts';

const FILE = 'multi-scale-model.ts';
const TEXT = readFileSync(join(CLONE, 'examples', FILE), 'utf8');
const place = new Workplace();
after(() => place.remove());
const given = ['--extension', `./${FILE}`];
const short = ['--set', 'phases.train.duration.steps=6', '--set', 'checkpoint.everySteps=3'];

before(async () => {
  writeFileSync(place.path(FILE), TEXT);
  cpSync(join(CLONE, 'examples', 'multi-scale.yaml'), place.path('own.yaml'));
  const ended = await place.run('train', 'own.yaml', '--run', 'run', ...given, ...short);
  assert.equal(ended.code, 0, ended.stderr);
});

describe('a run of an extension', () => {
  it('remembers its name, hash and definitions, and no path', () => {
    const recorded = place.json('run', 'extensions.json') as { extensions: { sha256: string }[] };
    assert.deepEqual(
      recorded.extensions.map(({ sha256: _, ...rest }) => rest),
      [{ name: FILE, defines: ['model multi-scale'] }],
    );
    const { extensions } = place.json('run', 'phases', 'train', 'manifest.json') as object & {
      extensions: unknown;
    };
    assert.deepEqual(extensions, recorded.extensions);
    const config = readFileSync(place.path('run', 'config.yaml'), 'utf8');
    assert.doesNotMatch(config, /\.ts/);
  });

  it('is evaluated with the file, wherever it lies now', async () => {
    renameSync(place.path(FILE), place.path('moved.ts'));
    const { code, stderr } = await place.run('evaluate', 'run', '--extension', 'moved.ts');
    renameSync(place.path('moved.ts'), place.path(FILE));
    assert.equal(code, 0, stderr);
  });

  for (const command of ['resume', 'predict', 'evaluate']) {
    it(`is refused by ${command} without it`, async () => {
      const { code, stderr } = await place.run(command, 'run');
      assert.match(
        stderr,
        /^EXTENSION_MISMATCH: The run "run" needs the extension multi-scale-model\.ts \(model multi-scale; SHA-256 [0-9a-f]{12}…\), which is not given\. Give its path: --extension path\/to\/multi-scale-model\.ts\.\n$/,
      );
      assert.equal(code, 4);
    });

    it(`is refused by ${command} with another version of it`, async () => {
      writeFileSync(place.path('other.ts'), `${TEXT}// Changed.\n`);
      const { code, stderr } = await place.run(command, 'run', '--extension', 'other.ts');
      assert.match(
        stderr,
        /^EXTENSION_MISMATCH: The run "run" was made with another version of the extension .*other\.ts: SHA-256 [0-9a-f]{12}… then, [0-9a-f]{12}… now\. Restore the file .*\n$/,
      );
      assert.equal(code, 4);
    });
  }

  it('ends when the file changes and a worker is replaced, and says so', async () => {
    writeFileSync(place.path('live.ts'), TEXT);
    const { ended } = place.start(
      ...['train', 'own.yaml', '--run', 'live', '--extension', 'live.ts', '--workers', '2'],
      ...['--set', 'phases.train.duration.steps=100000', '--simulate', 'kill@rank=1,step=500'],
    );
    await Promise.race([place.untilSteps('live', 1), ended]);
    appendFileSync(place.path('live.ts'), '// Changed.\n');
    const { code, stderr } = await ended;
    assert.match(
      stderr,
      /EXTENSION_MISMATCH: worker 1 .* another version of the extension .*live\.ts/,
    );
    assert.equal(code, 4);
  });
});

describe('an extension is named', () => {
  it('never by a configuration', async () => {
    const text = readFileSync(place.path('own.yaml'), 'utf8');
    writeFileSync(place.path('naming.yaml'), `extensions: [./${FILE}]\n${text}`);
    const { code, stderr } = await place.run('train', 'naming.yaml', '--run', 'naming');
    assert.equal(
      stderr,
      'CONFIG_INVALID: naming.yaml:1:1: extensions is no key of a configuration: a configuration never names code that is executed. Give the module by --extension PATH, or name it in lockstep.config.ts of the current folder.\n',
    );
    assert.equal(code, 2);
    assert.ok(!existsSync(place.path('naming')));
  });

  it('by lockstep.config.ts of the current folder', async () => {
    const config = `import { defineConfig } from 'lockstep';\nexport default defineConfig({ extensions: ['./${FILE}'] });\n`;
    writeFileSync(place.path('lockstep.config.ts'), config);
    const { code, stderr } = await place.run('evaluate', 'run');
    assert.equal(code, 0, stderr);
  });
});

it("wrong options of a model of one's own are refused like any others", async () => {
  const args = ['--set', 'model.kernel=[3]', '--run', 'wrong', ...given];
  const { code, stderr } = await place.run('train', 'own.yaml', ...args);
  assert.match(
    stderr,
    /^CONFIG_INVALID: --set model\.kernel=\[3\]: model\.kernel is no known key; .*Did you mean model\.kernels\?/,
  );
  assert.equal(code, 2);
});
