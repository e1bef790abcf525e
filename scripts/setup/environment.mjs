import { readFileSync, statfsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { outputOf } from './command.mjs';
import { EXIT, SetupFailure } from './failure.mjs';
import { megabytes } from './progress.mjs';

const LOWEST_PYTHON = [3, 10];
const LOWEST_GLIBC = [2, 27];
/** CUDA 12's minor-version compatibility starts with this driver. */
const LOWEST_NVIDIA_DRIVER = 525;
const PYTHON_PROBE = `
import sys, json, importlib.util as u
print(json.dumps({"version": list(sys.version_info[:3]),
  "missing": [m for m in ("pip", "zlib", "ssl") if u.find_spec(m) is None]}))`;

/** Refuses machines for which no TensorFlow library is published. */
export function checkPlatform(platform = process.platform, arch = process.arch) {
  if (platform !== 'linux' || arch !== 'x64') {
    throw new SetupFailure(
      `Lockstep's engine needs Linux on x86-64, this is ${platform} on ${arch}: run it on such a machine or in such a container (on Windows in WSL 2).`,
    );
  }
}

/** Refuses a shared engine that would be another folder wherever a command is typed. */
export function checkEngineFolder(env = process.env) {
  const folder = env.LOCKSTEP_ENGINE;
  if (!folder || isAbsolute(folder)) return;
  throw new SetupFailure(
    `LOCKSTEP_ENGINE is "${folder}", it must be the absolute path of a folder, such as ${resolve('engine')}: which engine goes into it is LOCKSTEP_ENGINE_VARIANT (cpu, cuda or portable).`,
  );
}

/** Refuses Linux systems with musl or with a glibc older than the TensorFlow library's. */
export function checkGlibc(version = glibcVersion()) {
  if (version && isAtLeast(version.split('.').map(Number), LOWEST_GLIBC)) return;
  const found = version ? `this one has glibc ${version}` : 'this one has none (musl?)';
  throw new SetupFailure(
    `Lockstep's engine needs a Linux with glibc ${LOWEST_GLIBC.join('.')} or later, ${found}: use a newer distribution or a container of one.`,
  );
}

function glibcVersion() {
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime;
}

/** The flags of the first CPU, and its name. */
export function readCpu(cpuinfo = readFileSync('/proc/cpuinfo', 'utf8')) {
  const field = (name) => new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm').exec(cpuinfo)?.[1] ?? '';
  return { name: field('model name'), flags: new Set(field('flags').split(' ')) };
}

/** The widest vector instructions of a CPU that TensorFlow has kernels for, for example `AVX-512, AMX`. */
export function instructionSetOf({ flags }) {
  const vector = [
    ['avx512f', 'AVX-512'],
    ['avx2', 'AVX2'],
    ['avx', 'AVX'],
  ].find(([flag]) => flags.has(flag));
  return [vector?.[1] ?? 'no AVX', ...(flags.has('amx_tile') ? ['AMX'] : [])].join(', ');
}

export function checkCpu(cpu) {
  if (cpu.flags.has('avx')) return;
  throw new SetupFailure(
    `TensorFlow needs a CPU with AVX, this one (${cpu.name || 'unnamed'}) has none: use another machine or switch the host's CPU features on for this virtual machine.`,
  );
}

/** The first Python on the PATH that is new enough and has pip. @returns {string} its command */
export function findPython(env = process.env) {
  const candidates = env.PYTHON ? [env.PYTHON] : ['python3', 'python'];
  const found = candidates.map((command) => [command, outputOf([command, '-c', PYTHON_PROBE])]);
  const usable = found.flatMap(([command, text]) =>
    text ? [{ command, ...JSON.parse(text) }] : [],
  );
  const lowest = LOWEST_PYTHON.join('.');
  const recent = usable.filter((python) => isAtLeast(python.version, LOWEST_PYTHON));
  const complete = recent.find((python) => python.missing.length === 0);
  if (complete) return complete.command;
  if (recent[0]) {
    const { command, version, missing } = recent[0];
    throw new SetupFailure(
      `Lockstep needs pip to fetch its engine, but ${command} (Python ${version.join('.')}) has no module ${missing.join(', ')}: install it (on Debian and Ubuntu: apt install python3-pip) and run the command again.`,
    );
  }
  const seen = usable[0]
    ? `${usable[0].command} is Python ${usable[0].version.join('.')}`
    : `${candidates.join(' and ')} can't be run`;
  throw new SetupFailure(
    `Lockstep needs Python ${lowest} or later with pip, but ${seen}: install Python (on Debian and Ubuntu: apt install python3 python3-pip) or set PYTHON to one, and run the command again.`,
  );
}

/** The C++ compiler that $CXX names, else the first one on the PATH. @returns {string[]} its command */
export function findCompiler(env = process.env) {
  const candidates = env.CXX ? [env.CXX.trim().split(/\s+/)] : [['g++'], ['c++'], ['clang++']];
  const compiler = candidates.find((command) => outputOf([...command, '--version']) !== null);
  if (compiler) return compiler;
  const seen = env.CXX ? `CXX=${env.CXX} can't be run` : 'none of g++, c++, clang++ can be run';
  throw new SetupFailure(
    `Lockstep needs a C++17 compiler, but ${seen}: install one (on Debian and Ubuntu: apt install g++) or set CXX to one, and run the command again.`,
  );
}

/** Whether npm is there. @returns {string[]} its command */
export function findNpm(env = process.env) {
  const candidates = [['npm'], ...(env.npm_execpath ? [[process.execPath, env.npm_execpath]] : [])];
  const npm = candidates.find((command) => outputOf([...command, '--version']) !== null);
  if (npm) return npm;
  throw new SetupFailure(
    "Lockstep needs npm, but npm can't be run: install the npm that belongs to your Node and run the command again.",
  );
}

/** Refuses to start what the disk can't hold. */
export function checkDiskSpace(needBytes, folder, freeBytes = freeBytesOf(folder)) {
  if (freeBytes >= needBytes) return;
  throw new SetupFailure(
    `The set-up needs ${megabytes(needBytes)} of free disk space in ${folder}, but only ${megabytes(freeBytes)} are free: free some or move the clone to a larger disk, and run the command again.`,
    EXIT.resources,
  );
}

function freeBytesOf(folder) {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/**
 * Which engine this machine gets: `LOCKSTEP_ENGINE_VARIANT` where it is set, else CUDA where there is an
 * NVIDIA driver that is new enough.
 * @returns {{ variant: 'cpu' | 'cuda' | 'portable', reason: string }}
 */
export function chooseVariant(env = process.env, driver = nvidiaDriver()) {
  const wanted = env.LOCKSTEP_ENGINE_VARIANT;
  if (['cpu', 'cuda', 'portable'].includes(wanted)) {
    return { variant: wanted, reason: `LOCKSTEP_ENGINE_VARIANT=${wanted}` };
  }
  if (wanted) {
    throw new SetupFailure(
      `LOCKSTEP_ENGINE_VARIANT is "${wanted}", it can be cpu, cuda or portable: set it to one of them or unset it.`,
    );
  }
  if (!driver) return { variant: 'cpu', reason: 'no NVIDIA driver found' };
  if (Number.parseInt(driver, 10) < LOWEST_NVIDIA_DRIVER) {
    return {
      variant: 'cpu',
      reason: `NVIDIA driver ${driver} is older than ${LOWEST_NVIDIA_DRIVER}, which CUDA 12 needs`,
    };
  }
  return { variant: 'cuda', reason: `NVIDIA driver ${driver}` };
}

function nvidiaDriver() {
  const command = ['nvidia-smi', '--query-gpu=driver_version', '--format=csv,noheader'];
  const version = outputOf(command, { timeoutMs: 15_000 })?.trim().split('\n')[0] ?? '';
  return /^\d+\./.test(version) ? version : null;
}

function isAtLeast(version, lowest) {
  for (let i = 0; i < lowest.length; i++) {
    if (version[i] !== lowest[i]) return version[i] > lowest[i];
  }
  return true;
}
