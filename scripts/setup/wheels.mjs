import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { runLogged } from './command.mjs';
import { checkDiskSpace } from './environment.mjs';
import { SetupFailure } from './failure.mjs';
import { bytesUnder, hashOf, readJson } from './files.mjs';
import { noteTool } from './lock.mjs';
import { ENGINE, PARTIAL, ROOT, SETUP, SITE_PACKAGES, shown, WHEELS } from './paths.mjs';
import { megabytes, say, secondsSince, showProgress } from './progress.mjs';

const UNPACKER = join(SETUP, 'unpack.py');
const STAMP_NAME = '.lockstep.json';
/** The same wheels whatever Python and glibc this machine has. */
const TARGET = [
  ...['--python-version', '3.12', '--implementation', 'cp', '--only-binary=:all:'],
  ...['2_27', '2_17', '2014', '2_12', '2010'].flatMap((v) => [
    '--platform',
    v.includes('_') ? `manylinux_${v}_x86_64` : `manylinux${v}_x86_64`,
  ]),
];
/** Unpacked bytes for each byte of wheel; measured: 4.3 (CPU), 1.7 (CUDA). */
const UNPACKED_RATIO = { cpu: 4.5, cuda: 1.8 };
/** npm's packages, the binding, logs, and the wheel that is under way. */
const OTHER_BYTES = 1.5e9;

/** One wheel that is wanted: `requirement` is a line that pip understands. */
export function readWheelList(variant) {
  const text = readFileSync(join(SETUP, `requirements-${variant}.txt`), 'utf8');
  return text.split('\n').flatMap((line) => {
    const match = /^(\S+)==(\S+) --hash=sha256:([0-9a-f]{64}) {2}# (\d+) bytes$/.exec(line);
    if (!match) return [];
    const [, name, version, sha256, bytes] = match;
    return [{ name, version, sha256, sizeBytes: Number(bytes), requirement: line }];
  });
}

/** Names what site-packages should hold: the wheels, and which of their files are unpacked. */
export function wheelKey(wheels) {
  return hashOf(readFileSync(UNPACKER), ...wheels.map((wheel) => wheel.sha256));
}

export function wheelsAreUnpacked(key) {
  return (
    readJson(join(SITE_PACKAGES, STAMP_NAME))?.key === key &&
    existsSync(join(SITE_PACKAGES, 'tensorflow/libtensorflow_cc.so.2')) &&
    existsSync(join(SITE_PACKAGES, 'tensorflow/libtensorflow_framework.so.2'))
  );
}

/** Refuses to replace a shared engine that projects with another Lockstep, or on other devices, compute with. */
export function checkWheelsAreOurs(key) {
  const found = readJson(join(SITE_PACKAGES, STAMP_NAME));
  if (!process.env.LOCKSTEP_ENGINE || found === null || found.key === key) return;
  const versions = Object.entries(found.versions).map(([name, version]) => `${name} ${version}`);
  throw new SetupFailure(
    `LOCKSTEP_ENGINE=${ENGINE} holds ${versions[0]}, which is not what this Lockstep needs here: name another folder, or delete that one if nothing uses it any more.`,
  );
}

/** Fetches the wheels that are not there yet, then replaces site-packages as a whole. */
export async function provisionWheels({ variant, reason, wheels, python }) {
  const missing = wheels.filter((wheel) => !existsSync(finished(wheel)));
  const totalBytes = sum(wheels);
  const missingBytes = sum(missing);
  say(
    `[2/4] TensorFlow ${wheels[0].version} for ${variant.toUpperCase()} (${reason}): ${megabytes(missingBytes)} to download` +
      `${missing.length < wheels.length ? ` of ${megabytes(totalBytes)}` : ''}, then ${megabytes(totalBytes * UNPACKED_RATIO[variant])} on disk`,
  );
  checkDiskSpace(missingBytes + totalBytes * UNPACKED_RATIO[variant] + OTHER_BYTES, ENGINE);
  for (const [index, wheel] of missing.entries()) {
    await download({ wheel, python, label: `${index + 1}/${missing.length}` });
  }
  await unpack({ variant, wheels, python });
  for (const wheel of wheels) rmSync(finished(wheel), { recursive: true, force: true });
}

/** Folder of a download that is complete; it holds the one wheel. */
function finished(wheel) {
  return join(WHEELS, wheel.sha256);
}

async function download({ wheel, python, label }) {
  const folder = join(PARTIAL, `${process.pid}-${wheel.name}`);
  const incoming = join(folder, 'wheel');
  const temporary = join(folder, 'tmp');
  mkdirSync(incoming, { recursive: true });
  mkdirSync(temporary);
  const list = join(folder, 'requirement.txt');
  writeFileSync(list, `${wheel.requirement}\n`);
  const startMs = Date.now();
  const hideProgress = showProgress(() => {
    const bytes = Math.min(bytesUnder(temporary) + bytesUnder(incoming), wheel.sizeBytes);
    return `${label} ${wheel.name} ${wheel.version}: ${megabytes(bytes)} of ${megabytes(wheel.sizeBytes)}, ${secondsSince(startMs)}`;
  });
  const result = await runLogged({
    name: `pip-${wheel.name}`,
    command: [
      ...[
        python,
        '-m',
        'pip',
        'download',
        '--no-deps',
        '--progress-bar',
        'off',
        '--require-hashes',
      ],
      ...[...TARGET, '--dest', incoming, '-r', list],
    ],
    cwd: ROOT,
    // pip's own temporary files lie on the disk whose space was checked.
    env: { ...process.env, TMPDIR: temporary },
    started: noteTool,
  }).finally(hideProgress);
  if (!result.ok) throw pipFailure(wheel, result);
  mkdirSync(WHEELS, { recursive: true });
  renameSync(incoming, finished(wheel));
  say(
    `      ${label} ${wheel.name} ${wheel.version}: ${megabytes(wheel.sizeBytes)} in ${secondsSince(startMs)}`,
  );
}

function pipFailure(wheel, { log, logPath }) {
  const what = `${wheel.name} ${wheel.version}`;
  const place = `pip's output: ${shown(logPath)}`;
  if (/DO NOT MATCH THE HASHES/.test(log)) {
    return new SetupFailure(
      `pip fetched a ${what} whose SHA-256 is not the one that Lockstep was tested with: check what your package index serves (${place}).`,
    );
  }
  if (/No space left/.test(log)) {
    return new SetupFailure(
      `The disk is full while pip fetches ${what}: free some space and run the command again (${place}).`,
      5,
    );
  }
  return new SetupFailure(
    `pip could not fetch ${what}: check the network and pip's own configuration (pip config list), and run the command again (${place}).`,
  );
}

async function unpack({ variant, wheels, python }) {
  const folder = join(PARTIAL, `${process.pid}-site-packages`);
  const startMs = Date.now();
  const hideProgress = showProgress(
    () => `unpacking: ${megabytes(bytesUnder(folder))}, ${secondsSince(startMs)}`,
  );
  const files = wheels.map((wheel) => join(finished(wheel), readdirSync(finished(wheel))[0]));
  const result = await runLogged({
    name: 'unpack',
    command: [python, UNPACKER, folder, ...files],
    cwd: ROOT,
    started: noteTool,
  }).finally(hideProgress);
  if (!result.ok) throw unpackFailure(wheels, result);
  const versions = Object.fromEntries(wheels.map((wheel) => [wheel.name, wheel.version]));
  const stamp = { key: wheelKey(wheels), variant, versions };
  writeFileSync(join(folder, STAMP_NAME), JSON.stringify(stamp, null, 2));
  swapIn(folder);
  say(`      unpacked in ${secondsSince(startMs)}`);
}

function unpackFailure(wheels, { log, logPath }) {
  if (/No space left/.test(log)) {
    return new SetupFailure(
      `The disk is full while TensorFlow is unpacked: free some space and run the command again (${shown(logPath)}).`,
      5,
    );
  }
  for (const wheel of wheels) rmSync(finished(wheel), { recursive: true, force: true });
  return new SetupFailure(
    `TensorFlow could not be unpacked and its download was thrown away: run the command again (details: ${shown(logPath)}).`,
  );
}

/** Replaces site-packages; programs that run with the old one keep their open files. */
function swapIn(folder) {
  const old = join(PARTIAL, `${process.pid}-old-site-packages`);
  if (existsSync(SITE_PACKAGES)) renameSync(SITE_PACKAGES, old);
  renameSync(folder, SITE_PACKAGES);
  rmSync(old, { recursive: true, force: true });
}

function sum(wheels) {
  return wheels.reduce((bytes, wheel) => bytes + wheel.sizeBytes, 0);
}
