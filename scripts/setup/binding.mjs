import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { runLogged } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { hashOf, hashOfFile } from './files.mjs';
import { noteTool } from './lock.mjs';
import { ENGINE, NODE_MODULES, PARTIAL, ROOT, SITE_PACKAGES, shown } from './paths.mjs';
import { say, secondsSince, showProgress } from './progress.mjs';

const SOURCES = join(NODE_MODULES, '@tensorflow/tfjs-node-gpu/binding');
const INSTALLED = join(NODE_MODULES, '@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node');
const NODE_HEADERS = join(NODE_MODULES, 'node-api-headers');
const LIBRARY_FOLDER = join(ENGINE, 'lib');
const COMPILED = join(ENGINE, 'binding');
const FLAGS = [
  '-O2',
  '-fPIC',
  '-shared',
  '-std=c++17',
  '-DNAPI_VERSION=8',
  '-DBUILDING_NODE_EXTENSION',
];

/** Names a compiled binding by all that goes into it. */
export function bindingKey(wheels) {
  const sources = readdirSync(SOURCES).sort();
  return hashOf(
    wheels,
    FLAGS.join(' '),
    readFileSync(join(NODE_HEADERS, 'package.json')),
    ...sources.map((name) => readFileSync(join(SOURCES, name))),
  ).slice(0, 16);
}

/** Whether the binding in node_modules is the compiled one of this name. */
export function bindingIsInstalled(key) {
  const installed = hashOfFile(INSTALLED);
  return installed !== null && installed === hashOfFile(compiledFile(key));
}

export function bindingIsCompiled(key) {
  return hashOfFile(compiledFile(key)) !== null;
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
    cwd: ROOT,
    started: noteTool,
  }).finally(hideProgress);
  if (!result.ok) throw compilerFailure(compiler, result);
  mkdirSync(COMPILED, { recursive: true });
  renameSync(output, compiledFile(key));
  say(`      compiled with ${compiler.join(' ')} in ${secondsSince(startMs)}`);
}

/** Puts the compiled binding where tfjs-node-gpu looks for it. */
export function installBinding(key) {
  const temporary = `${INSTALLED}.${process.pid}`;
  mkdirSync(dirname(INSTALLED), { recursive: true });
  copyFileSync(compiledFile(key), temporary);
  renameSync(temporary, INSTALLED);
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
  // Relative to the binding, so that the clone can be moved.
  const runPath = `$ORIGIN/${relative(dirname(INSTALLED), tensorflow)}`;
  return [
    ...FLAGS,
    ...[join(NODE_HEADERS, 'include'), join(tensorflow, 'include'), SOURCES].flatMap((folder) => [
      '-I',
      folder,
    ]),
    ...[join(SOURCES, 'tfjs_backend.cc'), join(SOURCES, 'tfjs_binding.cc')],
    ...[`-L${LIBRARY_FOLDER}`, '-ltensorflow', '-ltensorflow_framework', `-Wl,-rpath,${runPath}`],
    ...['-o', output],
  ];
}

function compilerFailure(compiler, { log, logPath }) {
  const reason = /(?:fatal error|error): (.+)$/m.exec(log)?.[1];
  return new SetupFailure(
    `${compiler.join(' ')} could not compile the TensorFlow binding${reason ? ` (${reason})` : ''}: it takes a C++17 compiler (GCC 9, Clang 10 or later); install one or set CXX to one, and run the command again (its output: ${shown(logPath)}).`,
  );
}
