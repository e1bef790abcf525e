import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLONE } from '../helper/clone.ts';

const GOOD_PYTHON = 'echo \'{"version": [3, 12, 1], "missing": []}\'';
const GOOD_TOOL = 'exit 0';
/** Answers `npm --version`, else writes its own number and hangs. */
const HANGING_NPM = (pidFile: string) =>
  `[ "$1" = --version ] && exit 0; echo $$ > ${pidFile}; exec /bin/sleep 300`;

interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A clone in which nothing is installed, and a PATH that holds only the given shell scripts. */
function bareClone(t: TestContext, tools: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-setup-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['scripts/setup.cjs', 'scripts/setup', 'package.json', 'package-lock.json']) {
    cpSync(join(CLONE, name), join(folder, name), { recursive: true });
  }
  const path = join(folder, 'fake-path');
  mkdirSync(path);
  for (const [name, script] of Object.entries(tools)) writeTool(path, name, script);
  return { folder, path };
}

/** Only where npm would find nothing to do: it empties a folder behind a link, too. */
async function linkPackages(folder: string): Promise<void> {
  const module = new URL('../../scripts/setup/packages.mjs', import.meta.url).href;
  const { packagesAreInstalled } = (await import(module)) as { packagesAreInstalled(): boolean };
  assert.ok(
    packagesAreInstalled(),
    'node_modules is not what package-lock.json says: npm run setup',
  );
  symlinkSync(join(CLONE, 'node_modules'), join(folder, 'node_modules'));
}

function writeTool(path: string, name: string, script: string): void {
  writeFileSync(join(path, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(path, name), 0o755);
}

function start(folder: string, path: string, env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [join(folder, 'scripts/setup.cjs')], {
    env: { HOME: folder, PATH: path, LOCKSTEP_ENGINE_VARIANT: 'cpu', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode, stdout, stderr };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const MISSING: {
  what: string;
  tools: Record<string, string>;
  env?: Record<string, string>;
  line: string;
}[] = [
  {
    what: 'no Python',
    tools: { 'g++': GOOD_TOOL },
    line: "Lockstep needs Python 3.10 or later with pip, but python3 and python can't be run: install Python (on Debian and Ubuntu: apt install python3 python3-pip) or set PYTHON to one, and run the command again.",
  },
  {
    what: 'a Python that is too old',
    tools: { 'g++': GOOD_TOOL, python3: 'echo \'{"version": [3, 9, 2], "missing": []}\'' },
    line: 'Lockstep needs Python 3.10 or later with pip, but python3 is Python 3.9.2: install Python (on Debian and Ubuntu: apt install python3 python3-pip) or set PYTHON to one, and run the command again.',
  },
  {
    what: 'a Python without pip',
    tools: { 'g++': GOOD_TOOL, python3: 'echo \'{"version": [3, 12, 1], "missing": ["pip"]}\'' },
    line: 'Lockstep needs pip to fetch its engine, but python3 (Python 3.12.1) has no module pip: install it (on Debian and Ubuntu: apt install python3-pip) and run the command again.',
  },
  {
    what: 'no compiler',
    tools: { python3: GOOD_PYTHON },
    line: 'Lockstep needs a C++17 compiler, but none of g++, c++, clang++ can be run: install one (on Debian and Ubuntu: apt install g++) or set CXX to one, and run the command again.',
  },
  {
    what: 'a CXX that names nothing',
    tools: { python3: GOOD_PYTHON, 'g++': GOOD_TOOL },
    env: { CXX: 'g++-99 -m64' },
    line: "Lockstep needs a C++17 compiler, but CXX=g++-99 -m64 can't be run: install one (on Debian and Ubuntu: apt install g++) or set CXX to one, and run the command again.",
  },
  {
    what: 'no npm',
    tools: { python3: GOOD_PYTHON, 'g++': GOOD_TOOL },
    line: "Lockstep needs npm, but npm can't be run: install the npm that belongs to your Node and run the command again.",
  },
  {
    what: 'an engine that does not exist',
    tools: {},
    env: { LOCKSTEP_ENGINE_VARIANT: 'gpu' },
    line: 'LOCKSTEP_ENGINE_VARIANT is "gpu", it can be cpu, cuda or portable: set it to one of them or unset it.',
  },
];

for (const { what, tools, env, line } of MISSING) {
  test(`${what}: one line, exit code 2`, async (t) => {
    const { folder, path } = bareClone(t, tools);
    const { exitCode, stderr } = await outcomeOf(start(folder, path, env));
    assert.equal(stderr, `${line}\n`);
    assert.equal(exitCode, 2);
    assert.ok(!existsSync(join(folder, '.engine/setup.lock')));
  });
}

for (const [what, tools, reason] of [
  ['Python', { 'g++': GOOD_TOOL }, /^Lockstep needs Python 3\.10 or later with pip, but /],
  ['a compiler', { python3: GOOD_PYTHON }, /^Lockstep needs a C\+\+17 compiler, but /],
] as const) {
  test(`without ${what}, and no engine asked for: the portable one, with the reason`, async (t) => {
    const { folder, path } = bareClone(t, tools);
    await linkPackages(folder);
    for (let run = 0; run < 2; run++) {
      const { exitCode, stdout, stderr } = await outcomeOf(
        start(folder, path, { LOCKSTEP_ENGINE_VARIANT: '' }),
      );
      assert.equal(stderr, '');
      assert.equal(exitCode, 0);
      const lines = stdout.trim().split('\n');
      assert.match(lines[0]!, reason);
      assert.match(
        lines[0]!,
        / Until then Lockstep uses its portable engine: the same, but slower\.$/,
      );
      assert.match(
        lines.at(-1)!,
        /^Lockstep is ready: portable engine, tfjs 4\.22\.0 on WebAssembly/,
      );
      assert.equal(lines.length, run === 0 ? 4 : 2, 'the second run has nothing to do');
    }
    const proven = JSON.parse(readFileSync(join(folder, '.engine/engine.json'), 'utf8'));
    assert.equal(proven.variant, 'portable');
  });
}

test('npm without a network: one line that names the log', async (t) => {
  const { folder, path } = bareClone(t, { python3: GOOD_PYTHON, 'g++': GOOD_TOOL });
  const realPath = `${path}:${process.env.PATH}`;
  const { exitCode, stderr } = await outcomeOf(
    start(folder, realPath, {
      npm_config_registry: 'http://127.0.0.1:9/',
      npm_config_fetch_retries: '0',
      npm_config_cache: join(folder, 'npm-cache'),
    }),
  );
  assert.equal(
    stderr,
    "npm could not fetch the packages over the network: check the connection and npm's own configuration (npm config list), and run the command again (npm's output: .engine/log/npm-ci.log).\n",
  );
  assert.equal(exitCode, 2);
});

const noPip =
  spawnSync('python3', ['-m', 'pip', '--version']).status === 0 ? false : 'no Python with pip';

test('pip without a network: one line that names the log', { skip: noPip }, async (t) => {
  const { folder, path } = bareClone(t, { 'g++': GOOD_TOOL });
  await linkPackages(folder);
  const { exitCode, stdout, stderr } = await outcomeOf(
    start(folder, `${path}:${process.env.PATH}`, {
      HOME: process.env.HOME ?? folder,
      PIP_CONFIG_FILE: '/dev/null',
      PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
      PIP_RETRIES: '0',
      PIP_NO_CACHE_DIR: '1',
    }),
  );
  assert.match(
    stdout,
    /^\[2\/4\] TensorFlow \S+ for CPU \(LOCKSTEP_ENGINE_VARIANT=cpu\): 274 MB to download/m,
  );
  assert.equal(
    stderr,
    "pip could not fetch tensorflow-cpu 2.21.0: check the network and pip's own configuration (pip config list), and run the command again (pip's output: .engine/log/pip-tensorflow-cpu.log).\n",
  );
  assert.equal(exitCode, 2);
});

test('a second run does nothing: no npm, no Python, no compiler is started', async (t) => {
  const { path } = bareClone(t, {});
  const started = join(path, 'started');
  for (const tool of ['npm', 'python3', 'python', 'g++', 'c++', 'clang++']) {
    writeTool(path, tool, `echo ${tool} >> ${started}; exit 1`);
  }
  const engine = readFileSync(join(CLONE, '.engine/engine.json'), 'utf8');
  const { variant } = JSON.parse(engine) as { variant: string };
  const outcome = await outcomeOf(start(CLONE, path, { LOCKSTEP_ENGINE_VARIANT: variant }));
  assert.equal(outcome.stderr, '');
  const ready =
    variant === 'portable'
      ? /^Lockstep is ready: portable engine, tfjs \d+\.\d+\.\d+ on WebAssembly\.\n$/
      : /^Lockstep is ready: TensorFlow \d+\.\d+\.\d+ on the [CG]PU \(.+\)\.\n$/;
  assert.match(outcome.stdout, ready);
  assert.ok(!existsSync(started));
  assert.equal(readFileSync(join(CLONE, '.engine/engine.json'), 'utf8'), engine);
});

test('a set-up waits for another that is running', async (t) => {
  const { folder, path } = bareClone(t, {});
  const lock = join(folder, '.engine/setup.lock');
  mkdirSync(join(folder, '.engine'));
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  writeFileSync(lock, JSON.stringify({ host: hostname(), pid: process.pid, startTime }));
  const child = start(folder, path);
  child.stdout?.once('data', (line) => {
    assert.match(`${line}`, /^Waiting for another set-up \(process/);
    rmSync(lock);
  });
  const { exitCode, stderr } = await outcomeOf(child);
  assert.match(stderr, /^Lockstep needs Python/);
  assert.equal(exitCode, 2);
});

test('the lock of a set-up that is gone holds nobody up', async (t) => {
  const { folder, path } = bareClone(t, {});
  mkdirSync(join(folder, '.engine'));
  const gone = { host: hostname(), pid: process.pid, startTime: '1' };
  writeFileSync(join(folder, '.engine/setup.lock'), JSON.stringify(gone));
  const { stdout, stderr } = await outcomeOf(start(folder, path));
  assert.equal(stdout, '');
  assert.match(stderr, /^Lockstep needs Python/);
});

test('SIGINT ends the tool that runs, frees the lock and says how to go on', async (t) => {
  const { folder, path } = bareClone(t, { python3: GOOD_PYTHON, 'g++': GOOD_TOOL });
  const pidFile = join(folder, 'npm-pid');
  writeTool(path, 'npm', HANGING_NPM(pidFile));
  const child = start(folder, path);
  const outcome = outcomeOf(child);
  await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'));
  child.kill('SIGINT');
  const { exitCode, stderr } = await outcome;
  assert.equal(
    stderr,
    'The set-up was interrupted by SIGINT: run the command again to continue it.\n',
  );
  assert.equal(exitCode, 130);
  await until(() => !isAlive(Number(readFileSync(pidFile, 'utf8'))));
  assert.ok(!existsSync(join(folder, '.engine/setup.lock')));
});

test('after a SIGKILL the next set-up ends the tool that was left over, then works itself', async (t) => {
  const { folder, path } = bareClone(t, { python3: GOOD_PYTHON, 'g++': GOOD_TOOL });
  const pidFile = join(folder, 'npm-pid');
  writeTool(path, 'npm', HANGING_NPM(pidFile));
  const child = start(folder, path);
  await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'));
  await until(() => readFileSync(join(folder, '.engine/setup.lock'), 'utf8').includes('"tool"'));
  child.kill('SIGKILL');
  await once(child, 'exit');
  const leftOver = Number(readFileSync(pidFile, 'utf8'));
  assert.ok(isAlive(leftOver));
  writeTool(
    path,
    'npm',
    '[ "$1" = --version ] && exit 0; echo "npm error disk is read-only"; exit 1',
  );
  const { stderr } = await outcomeOf(start(folder, path));
  assert.ok(!isAlive(leftOver));
  assert.equal(
    stderr,
    'npm ci failed (disk is read-only): see .engine/log/npm-ci.log, put right what it names and run the command again.\n',
  );
});

test('too little disk space is told with both numbers, exit code 5', async () => {
  const { checkDiskSpace } = (await import(
    new URL('../../scripts/setup/environment.mjs', import.meta.url).href
  )) as { checkDiskSpace: (need: number, folder: string, free: number) => void };
  checkDiskSpace(4e9, '/clone', 4e9);
  assert.throws(() => checkDiskSpace(4e9, '/clone', 1.5e9), {
    message:
      'The set-up needs 4.0 GB of free disk space in /clone, but only 1.5 GB are free: free some or move the clone to a larger disk, and run the command again.',
    exitCode: 5,
  });
});

test('the engine follows the NVIDIA driver, and LOCKSTEP_ENGINE_VARIANT goes before it', async () => {
  const { chooseVariant } = (await import(
    new URL('../../scripts/setup/environment.mjs', import.meta.url).href
  )) as { chooseVariant: (env: object, driver: string | null) => object };
  assert.deepEqual(chooseVariant({}, null), { variant: 'cpu', reason: 'no NVIDIA driver found' });
  assert.deepEqual(chooseVariant({}, '535.129.03'), {
    variant: 'cuda',
    reason: 'NVIDIA driver 535.129.03',
  });
  assert.deepEqual(chooseVariant({}, '470.82.01'), {
    variant: 'cpu',
    reason: 'NVIDIA driver 470.82.01 is older than 525, which CUDA 12 needs',
  });
  assert.deepEqual(chooseVariant({ LOCKSTEP_ENGINE_VARIANT: 'cpu' }, '535.129.03'), {
    variant: 'cpu',
    reason: 'LOCKSTEP_ENGINE_VARIANT=cpu',
  });
});

test('another system, an old glibc and a CPU without AVX are refused', async () => {
  const environment = (await import(
    new URL('../../scripts/setup/environment.mjs', import.meta.url).href
  )) as {
    checkPlatform: (platform: string, arch: string) => void;
    checkGlibc: (version: string | undefined) => void;
    readCpu: (cpuinfo: string) => { name: string; flags: Set<string> };
    checkCpu: (cpu: object) => void;
  };
  assert.throws(() => environment.checkPlatform('darwin', 'arm64'), /this is darwin on arm64/);
  environment.checkGlibc('2.31');
  assert.throws(() => environment.checkGlibc('2.17'), /this one has glibc 2\.17/);
  const cpu = environment.readCpu('model name\t: Old CPU\nflags\t\t: fpu sse4_2\n');
  assert.throws(() => environment.checkCpu(cpu), /this one \(Old CPU\) has none/);
});

test('an old Node gets one line', () => {
  const { nodeProblem } = createRequire(import.meta.url)(
    '../../scripts/setup/node-version.cjs',
  ) as { nodeProblem: (version: string) => string | null };
  assert.equal(nodeProblem('20.19.0'), null);
  assert.equal(nodeProblem('24.1.0'), null);
  for (const version of ['20.18.3', '18.0.0', '12.22.9']) {
    assert.equal(
      nodeProblem(version),
      `Lockstep needs Node 20.19 or later, this is Node ${version}: install a newer Node and run the command again.`,
    );
  }
});

test('the command line starts from any folder of the clone', () => {
  const help = execFileSync('npx', ['lockstep', '--help'], {
    cwd: join(CLONE, 'scripts'),
    encoding: 'utf8',
  });
  assert.match(help, /^ {2}train <config> /m);
});
