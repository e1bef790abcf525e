import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runLogged } from './command.mjs';
import { findNpm } from './environment.mjs';
import { SetupFailure } from './failure.mjs';
import { hashOf, readJson, writeAtomically } from './files.mjs';
import { noteTool } from './lock.mjs';
import { IS_CLONE, NODE_MODULES, ROOT, shown } from './paths.mjs';
import { say, secondsSince, showProgress } from './progress.mjs';

const LOCKFILE = join(ROOT, 'package-lock.json');
/** Inside node_modules, so that deleting the folder voids it. */
const STAMP = join(NODE_MODULES, '.lockstep-lockfile-sha256');
/** npm's own record of what it has installed, written last. */
const INSTALLED = join(NODE_MODULES, '.package-lock.json');
const NETWORK_TROUBLE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT|network/;

/** Whether node_modules holds what package-lock.json asks for. In a project that is npm's business. */
export function packagesAreInstalled() {
  if (!IS_CLONE) return true;
  const lock = readFileSync(LOCKFILE);
  const wanted = JSON.parse(lock).packages;
  const present = (path, info) =>
    info.optional || info.link || existsSync(join(ROOT, path, 'package.json'));
  if (!Object.entries(wanted).every(([path, info]) => present(path, info))) return false;
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hashOf(lock)) return true;
  return agrees(wanted, readJson(INSTALLED)?.packages);
}

/**
 * Whether npm's record shows every package in the version that the lockfile names (but for optional ones,
 * of which it leaves out those for other systems) and nothing else: so an `npm install` of one's own counts.
 */
export function agrees(wanted, installed) {
  if (!installed) return false;
  const same = ([path, info]) =>
    path === '' ||
    (installed[path] ? installed[path].version === info.version : info.optional === true);
  return (
    Object.entries(wanted).every(same) &&
    Object.keys(installed).every((path) => path in wanted) &&
    platformPackagesArePresent(wanted, installed)
  );
}

function platformPackagesArePresent(wanted, installed) {
  const isOurs = (info) =>
    info.os?.includes('linux') && info.cpu?.includes('x64') && !info.libc?.includes('musl');
  return Object.entries(wanted).every(([path, info]) => !isOurs(info) || path in installed);
}

/** Installs the packages of package-lock.json. No package's own install script runs. */
export async function installPackages(label) {
  const npm = findNpm();
  const startMs = Date.now();
  say(`${label} npm packages: installing those of package-lock.json with npm ci --ignore-scripts`);
  rmSync(STAMP, { force: true });
  rmSync(INSTALLED, { force: true });
  const hideProgress = showProgress(() => `npm ci … ${secondsSince(startMs)}`);
  const result = await runLogged({
    name: 'npm-ci',
    command: [
      ...npm,
      'ci',
      '--ignore-scripts',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
    ],
    cwd: ROOT,
    started: noteTool,
  }).finally(hideProgress);
  if (!result.ok) throw npmFailure(result);
  writeAtomically(STAMP, hashOf(readFileSync(LOCKFILE)));
}

function npmFailure({ log, logPath }) {
  const place = shown(logPath);
  if (NETWORK_TROUBLE.test(log)) {
    return new SetupFailure(
      `npm could not fetch the packages over the network: check the connection and npm's own configuration (npm config list), and run the command again (npm's output: ${place}).`,
    );
  }
  const reason = /^npm (?:error|ERR!) (?!code|errno|syscall|path|A complete log)(.+)$/m.exec(
    log,
  )?.[1];
  return new SetupFailure(
    `npm ci failed${reason ? ` (${reason})` : ''}: see ${place}, put right what it names and run the command again.`,
  );
}
