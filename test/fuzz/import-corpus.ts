/** Valid files of every format to start from, with the options that read them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { contentName } from '../../src/source/file/compressed.ts';
import { CLONE } from '../helper/clone.ts';

/** One file. */
export interface Seed {
  readonly name: string;
  readonly bytes: Buffer;
  readonly options: readonly Readonly<Record<string, unknown>>[];
  /** Files that lie beside it, by name. */
  readonly beside: Readonly<Record<string, Buffer>>;
  /** Whether every shorter file must be refused: the format says how long it is. */
  readonly knowsItsLength: boolean;
}

const FIXTURES = join(CLONE, 'test', 'fixture', 'import');
const KNOWS_LENGTH = /\.(npy|npz|parquet|arrow|feather|wav|gz|zst)$/;

interface Case {
  readonly file: string;
  readonly options: Readonly<Record<string, unknown>>;
}

const TEXTS: Readonly<Record<string, { text: string; options: Seed['options'] }>> = {
  'cells.csv': {
    text: 'id,values,kind,fold\na,"1;2;3",x,train\nb,4;5;?,y,test\n"c ""1""",[6 7],x,\n',
    options: [{ id: 'id', label: 'kind', split: 'fold' }, { label: 'nothing' }],
  },
  'wide.csv': {
    text: 'id,t0,t1,t2,y\n9007199254740993,1,2,3,a\n2,4,,6.5e-3,b\n3,7,8,NaN,\n',
    options: [
      { id: 'id', label: 'y', values: 't0..t2' },
      { values: 'all-others', label: 'y' },
    ],
  },
  'long.tsv': {
    text: 'id\ttime\tx\ty\na\t0\t1\t2\na\t1\t3\t4\nb\t2020-01-01T00:00:00Z\t5\t6\n',
    options: [{ id: 'id', time: 'time', values: 'x,y' }],
  },
  'rows.jsonl': {
    text: '{"id": 18446744073709551615, "values": [1, NaN, 3.5], "kind": "a"}\n{"id": "b", "values": [], "kind": null}\n',
    options: [{ id: 'id', label: 'kind' }, { values: 'x' }],
  },
  'list.json': {
    text: '[{"values": [1, 2], "kind": "a"}, {"values": [3], "kind": "b"}]\n',
    options: [{ label: 'kind' }],
  },
};

function textSeeds(): Seed[] {
  return Object.entries(TEXTS).map(([name, { text, options }]) => ({
    ...{ name, options, bytes: Buffer.from(text), beside: {}, knowsItsLength: false },
  }));
}

/** A fixture, and what lies in it if it is compressed: damage must reach the readers behind, too. */
function fixtureSeeds(file: string, cases: readonly Case[]): Seed[] {
  const bytes = readFileSync(join(FIXTURES, file));
  const name = basename(file);
  const options = cases.map((one) => one.options);
  const beside = file.startsWith('numpy/')
    ? Object.fromEntries(
        ['labels.npy', 'names.npy'].map((n) => [n, readFileSync(join(FIXTURES, 'numpy', n))]),
      )
    : {};
  const seed = { name, bytes, options, beside, knowsItsLength: KNOWS_LENGTH.test(name) };
  if (contentName(name) === name) return [seed];
  return [
    seed,
    { ...seed, name: contentName(name), bytes: gunzipSync(bytes), knowsItsLength: false },
  ];
}

/** All of them. */
export function importSeeds(): Seed[] {
  const cases = JSON.parse(readFileSync(join(FIXTURES, 'expected.json'), 'utf8')) as Case[];
  const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((file) => {
    const isOfTable = cases.some((one) => one.file === file);
    return isOfTable && statSync(join(FIXTURES, file)).isFile();
  });
  const fixtures = files.flatMap((file) =>
    fixtureSeeds(
      file,
      cases.filter((one) => one.file === file),
    ),
  );
  return [...textSeeds(), ...fixtures];
}
