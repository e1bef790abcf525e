/** What others install: the packed package in an empty project, with the engine of this clone. */
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CLONE as ROOT } from '../helper/clone.ts';

const ENGINE = process.env.LOCKSTEP_ENGINE ?? join(ROOT, '.engine');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string;
};
const { variant } = JSON.parse(readFileSync(join(ENGINE, 'engine.json'), 'utf8')) as {
  variant: string;
};
const SHARED = { LOCKSTEP_ENGINE: ENGINE, LOCKSTEP_ENGINE_VARIANT: variant };
const TARBALL = `lockstep-${version}.tgz`;
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/;

const folder = mkdtempSync(join(tmpdir(), 'lockstep-package-'));
const project = join(folder, 'project');
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (
  cwd: string,
  [command, ...args]: readonly [string, ...string[]],
  env: Record<string, string> = {},
): SpawnSyncReturns<string> =>
  spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env } });

/** Packs a copy of the clone: what `npm pack` adds to dist/ would confuse tests that run beside this one. */
function pack(): void {
  const copy = join(folder, 'clone');
  mkdirSync(copy);
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    files: string[];
  };
  const others = ['scripts', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  // With their times, so that the copy counts as built.
  const options = { recursive: true, preserveTimestamps: true };
  for (const name of [...files, ...others, 'package.json', 'README.md', 'LICENSE']) {
    if (!name.startsWith('!')) cpSync(join(ROOT, name), join(copy, name), options);
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const { status, stderr } = run(copy, ['npm', 'pack', '--pack-destination', folder]);
  assert.equal(status, 0, stderr);
}

/** The commands of docs/own-model.md: those that install, and those after them. */
const [, script = ''] =
  /^```sh\n(.*?)^```/ms.exec(readFileSync(join(ROOT, 'docs', 'own-model.md'), 'utf8')) ?? [];
const [installing = '', ...others] = script.split(/^(?=npx)/m);
const training = others.join('');

/** Whether npm could fetch what the package depends on. */
function install(): boolean {
  mkdirSync(project);
  cpSync(join(folder, TARBALL), join(project, TARBALL));
  const quick = {
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_prefer_offline: 'true',
  };
  const { status, stderr } = run(project, ['bash', '-euo', 'pipefail', '-c', installing], quick);
  if (status !== 0 && NO_NETWORK.test(stderr)) return false;
  assert.equal(status, 0, stderr);
  return true;
}

pack();
describe('the package', { skip: install() ? false : 'npm reaches no registry' }, () => {
  it('installs without an installer of TensorFlow, and says what it lacks', () => {
    assert.ok(!existsSync(join(project, 'node_modules/@tensorflow/tfjs-node-gpu')));
    assert.equal(run(project, ['npx', 'lockstep', '--version']).stdout, `${version}\n`);
    const { status, stderr } = run(project, ['npx', 'lockstep', 'data', 'info', 'x']);
    assert.equal(
      stderr,
      'Lockstep has no engine in this project: run `npx lockstep setup` first.\n',
    );
    assert.equal(status, 2);
  });

  it('trains with the engine that several projects share', () => {
    const setup = run(project, ['npx', 'lockstep', 'setup'], SHARED);
    assert.equal(setup.status, 0, setup.stderr);
    assert.match(setup.stdout, /^Lockstep is ready: /m);
    assert.doesNotMatch(setup.stdout, /to download|compiling/);
    const config = 'node_modules/lockstep/configs/tiny.yaml';
    const train = run(project, ['npx', 'lockstep', 'train', config, '--workers', '2'], SHARED);
    assert.equal(train.status, 0, train.stderr);
    const exit = JSON.parse(readFileSync(join(project, 'runs/tiny/exit.json'), 'utf8')) as {
      code: number;
    };
    assert.equal(exit.code, 0);
  });

  it('is a library with types', () => {
    const program = `import { openStore, LockstepError, type Store } from 'lockstep';
      const store: Store = await openStore('data/tiny');
      const isError: boolean = new Error() instanceof LockstepError;
      console.log(store.manifest.classes.length > 0, isError);\n`;
    writeFileSync(join(project, 'program.mts'), program);
    const options = ['--noEmit', '--module', 'nodenext', '--target', 'es2023', '--strict'];
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const check = run(project, [
      process.execPath,
      ...[compiler, ...options, '--skipLibCheck', ...types, 'program.mts'],
    ]);
    assert.equal(check.stdout, '');
    const plain = program.replace(', type Store', '').replace(/: (Store|boolean)/g, '');
    writeFileSync(join(project, 'program.mjs'), plain);
    const { stdout, stderr } = run(project, [process.execPath, 'program.mjs']);
    assert.equal(stdout, 'true false\n', stderr);
  });

  it("trains a model of one's own by the commands of docs/own-model.md, six at most", () => {
    const commands = script.match(/^(npm|npx|cat) /gm) ?? [];
    assert.ok(commands.length > 0 && commands.length <= 6, script);
    assert.match(installing, /^npm install /m);
    const { status, stderr } = run(project, ['bash', '-euo', 'pipefail', '-c', training], SHARED);
    assert.equal(status, 0, stderr);
    const exit = readFileSync(join(project, 'runs/own/exit.json'), 'utf8');
    assert.equal((JSON.parse(exit) as { code: number }).code, 0);
  });
});
