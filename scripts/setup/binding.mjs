import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { runLogged } from './command.mjs';
import folders from './engine-folder.cjs';
import { SetupFailure } from './failure.mjs';
import { hashOf } from './files.mjs';
import { noteTool } from './lock.mjs';
import { ENGINE, PARTIAL, PROJECT, packageFolder, SITE_PACKAGES, shown } from './paths.mjs';
import { say, secondsSince, showProgress } from './progress.mjs';

/** Node opens the file behind a link, so this path is relative to the engine's folder: it can be moved and shared. */
const RUN_PATH = '$ORIGIN/../site-packages/tensorflow';
const LIBRARY_FOLDER = join(ENGINE, 'lib');
const COMPILED = join(ENGINE, 'binding');
const FLAGS = [
  '-O2',
  '-fPIC',
  '-shared',
  '-std=c++17',
  '-DNAPI_VERSION=8',
  '-DBUILDING_NODE_EXTENSION',
  `-Wl,-rpath,${RUN_PATH}`,
];

/** Names a compiled binding by all that goes into it. */
export function bindingKey(wheels) {
  const sources = readdirSync(sourceFolder()).sort();
  return hashOf(
    wheels,
    FLAGS.join(' '),
    readFileSync(join(packageFolder('node-api-headers'), 'package.json')),
    ...sources.map((name) => readFileSync(join(sourceFolder(), name))),
  ).slice(0, 16);
}

/** Whether tfjs-node-gpu finds the compiled binding of this name. */
export function bindingIsInstalled(key) {
  const installed = folders.bindingPath();
  return (
    bindingIsCompiled(key) &&
    existsSync(installed) &&
    realpathSync(installed) === realpathSync(compiledFile(key))
  );
}

export function bindingIsCompiled(key) {
  return existsSync(compiledFile(key));
}

function sourceFolder() {
  return join(folders.bindingPackage(), 'binding');
}

function compiledFile(key) {
  return join(COMPILED, `tfjs_binding-${key}.node`);
}

/** Compiles tfjs-node-gpu's own C++ source against the TensorFlow in site-packages. */
export async function compileBinding(key, compiler) {
  const startMs = Date.now();
  linkLibraries();
  const output = join(PARTIAL, `${process.pid}-tfjs_binding.node`);
  mkdirSync(PARTIAL, { recursive: true });
  const hideProgress = showProgress(() => `compiling … ${secondsSince(startMs)}`);
  const result = await runLogged({
    name: 'compiler',
    command: [...compiler, ...compilerArguments(output)],
    cwd: PROJECT,
    started: noteTool,
  }).finally(hideProgress);
  if (!result.ok) throw compilerFailure(compiler, result);
  mkdirSync(COMPILED, { recursive: true });
  renameSync(output, compiledFile(key));
  say(`      compiled with ${compiler.join(' ')} in ${secondsSince(startMs)}`);
}

/** Links the compiled binding to where tfjs-node-gpu looks for it. */
export function installBinding(key) {
  const installed = folders.bindingPath();
  mkdirSync(dirname(installed), { recursive: true });
  const place = realpathSync(dirname(installed));
  const temporary = join(place, `tfjs_binding.${process.pid}`);
  // Relative inside the project, so that it can be moved.
  const target = process.env.LOCKSTEP_ENGINE
    ? compiledFile(key)
    : relative(place, realpathSync(compiledFile(key)));
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, installed);
}

/** The linker wants TensorFlow's C API under the names of the C distribution. */
function linkLibraries() {
  mkdirSync(LIBRARY_FOLDER, { recursive: true });
  const link = (name, library) => {
    const temporary = join(LIBRARY_FOLDER, `${name}.${process.pid}`);
    rmSync(temporary, { force: true });
    symlinkSync(`../site-packages/tensorflow/${library}`, temporary);
    renameSync(temporary, join(LIBRARY_FOLDER, name));
  };
  link('libtensorflow.so', 'libtensorflow_cc.so.2');
  link('libtensorflow_framework.so', 'libtensorflow_framework.so.2');
}

function compilerArguments(output) {
  const tensorflow = join(SITE_PACKAGES, 'tensorflow');
  const headers = join(packageFolder('node-api-headers'), 'include');
  const sources = sourceFolder();
  return [
    ...FLAGS,
    ...[headers, join(tensorflow, 'include'), sources].flatMap((folder) => ['-I', folder]),
    ...[join(sources, 'tfjs_backend.cc'), join(sources, 'tfjs_binding.cc')],
    ...[`-L${LIBRARY_FOLDER}`, '-ltensorflow', '-ltensorflow_framework'],
    ...['-o', output],
  ];
}

function compilerFailure(compiler, { log, logPath }) {
  const reason = /(?:fatal error|error): (.+)$/m.exec(log)?.[1];
  return new SetupFailure(
    `${compiler.join(' ')} could not compile the TensorFlow binding${reason ? ` (${reason})` : ''}: it takes a C++17 compiler (GCC 9, Clang 10 or later); install one or set CXX to one, and run the command again (its output: ${shown(logPath)}).`,
  );
}
