/**
 * The architecture as rules on imports: cli, index.ts → study, sizing → workflow → coordinator, worker → run → importer →
 * formats → source, nn, checkpoint → data, engine, … → protocol, telemetry, config → core.
 */
import { adjacency, cyclesOf, type Edge, edgesOf, pathTo } from './graph.ts';

/** From the foundation upwards: a folder imports from its own layer and from those below. */
export const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['protocol', 'telemetry', 'config', 'solver', 'statistics', 'rocket'],
  ['data', 'engine', 'collective', 'launch'],
  ['source', 'nn', 'checkpoint', 'baseline', 'ngram'],
  ['formats'],
  ['importer'],
  ['extension'],
  ['run'],
  ['coordinator', 'worker', 'cluster'],
  ['workflow', 'bench'],
  ['study', 'sizing'],
  ['cli', 'index.ts'],
];
/** Beside the transports: for calls that Node does not have. */
const CALL_LIBC = [
  'src/core/open-file-lock.ts',
  'src/core/peer-user.ts',
  'src/launch/end-process.ts',
];
const NEVER_IN_COORDINATOR = ['engine', 'nn', 'run', 'worker'];
/** What a thread of an import loads. */
const READ_IN_THREADS = [
  'src/formats/biology/import-reads.ts',
  'src/formats/csv/import-csv.ts',
  'src/formats/json/import-json.ts',
  'src/workflow/data/gather-thread.ts',
];
/** From the foundation upwards: the rooms through which sequences come in. */
const DATA_ROOMS = ['data', 'source', 'formats', 'importer'];
const DATA_MAY_IMPORT = ['core', 'config', 'protocol', 'telemetry', ...DATA_ROOMS];

/** Every import that the architecture forbids, a sentence each. */
export function layerProblems(sources: ReadonlyMap<string, string>): string[] {
  const edges = edgesOf(sources);
  return [
    ...[...sources.keys()].flatMap(strangerProblem),
    ...edges.flatMap((edge) => {
      const reason = edge.toPackage ? packageProblem(edge) : folderProblem(edge);
      return reason === null ? [] : [`${edge.from} imports ${edge.to}: ${reason}`];
    }),
    ...reachProblems(sources, edges),
    ...cycleProblems(edges),
  ];
}

/** `src/data/plan/plan.ts` → `data`; `scripts/…` → `scripts`. */
function areaOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  return top === 'src' ? second : top;
}

function layerOf(area: string): number {
  return LAYERS.findIndex((layer) => layer.includes(area));
}

function strangerProblem(path: string): string[] {
  if (areaOf(path) === 'scripts' || layerOf(areaOf(path)) >= 0) return [];
  return [`${path} lies in no layer: add its folder to LAYERS in scripts/layers/rules.ts`];
}

function folderProblem({ from, to }: Edge): string | null {
  const [source, target] = [areaOf(from), areaOf(to)];
  if (source === target) return null;
  if (target === 'cli') return 'nothing imports the command line';
  if (source === 'scripts') return null;
  if (target === 'scripts') return 'scripts are programs, never imported by the library';
  if (target === 'test') return 'only tests import tests';
  if (source === 'coordinator' && NEVER_IN_COORDINATOR.includes(target)) {
    return 'the coordinator must stay engine-free';
  }
  if (source === 'worker' && target === 'coordinator')
    return 'a worker never imports the coordinator';
  if (DATA_ROOMS.includes(source) && !DATA_MAY_IMPORT.includes(target)) {
    return 'data know no engine and no objective';
  }
  return layerOf(source) < layerOf(target) ? `${target} lies above ${source}` : null;
}

function packageProblem({ from, to }: Edge): string | null {
  const area = areaOf(from);
  if (area === 'scripts') return null;
  if (to.startsWith('@tensorflow/') && area !== 'engine') return 'only engine/ imports TensorFlow';
  const mayUseSockets = area === 'protocol' || from.startsWith('src/collective/transport/');
  if (/^zeromq(\/|$)/.test(to) && !mayUseSockets) {
    return 'only protocol/ and collective/transport/ import zeromq';
  }
  const mayCallLibc = from.startsWith('src/collective/transport/') || CALL_LIBC.includes(from);
  if (to === 'koffi' && !mayCallLibc) {
    return `only collective/transport/, ${CALL_LIBC.join(', ')} import koffi`;
  }
  return null;
}

/** What must not be loaded even through others, when the program runs. */
function reachProblems(sources: ReadonlyMap<string, string>, edges: readonly Edge[]): string[] {
  const next = adjacency(edges.filter((edge) => !edge.typeOnly));
  type Choice = (node: string) => boolean;
  const find = (isSource: Choice, isForbidden: Choice, reason: string) =>
    [...sources.keys()].filter(isSource).flatMap((path) => {
      const way = pathTo(path, next, isForbidden);
      return way ? [`${way.join(' → ')}: ${reason}`] : [];
    });
  return [
    ...find(
      (path) => areaOf(path) === 'coordinator',
      (node) => node.startsWith('@tensorflow/'),
      'the coordinator runs without TensorFlow',
    ),
    ...find(
      (path) => READ_IN_THREADS.includes(path),
      (node) => node === 'zod',
      'a thread that reads starts without zod, which takes longer to load than all the rest',
    ),
  ];
}

function cycleProblems(edges: readonly Edge[]): string[] {
  const internal = edges.filter((edge) => !edge.toPackage);
  const fileCycles = cyclesOf(adjacency(internal)).map(
    (cycle) => `${cycle.join(' → ')}: an import cycle`,
  );
  const between = internal
    .map((edge) => ({ ...edge, source: areaOf(edge.from), target: areaOf(edge.to) }))
    .filter(({ source, target }) => source !== target);
  const areas = adjacency(between.map(({ source, target }) => ({ from: source, to: target })));
  const folderCycles = cyclesOf(areas).map((cycle) => {
    const examples = cycle.slice(1).map((target, i) => {
      const edge = between.find((e) => e.source === cycle[i] && e.target === target);
      return `${edge?.from} imports ${edge?.to}`;
    });
    return `${cycle.join(' → ')}: a cycle of folders (${examples.join(', ')})`;
  });
  return [...fileCycles, ...folderCycles];
}
