import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type ImportItem, isSkip } from '../../../src/data/record.ts';
import { alphabetNamed } from '../../../src/formats/biology/alphabet.ts';
import { scanFasta } from '../../../src/formats/biology/fasta.ts';
import { scanFastq } from '../../../src/formats/biology/fastq.ts';
import { importSource } from '../../../src/importer/import-source.ts';
import { DEFAULT_RULES } from '../../../src/importer/source-rules.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
after(release);

async function read(
  name: string,
  content: string | Uint8Array,
  options: Readonly<Record<string, unknown>> = {},
) {
  const source = join(folder, name);
  writeFileSync(source, content);
  return await collectItems(importSource({ ...DEFAULT_RULES, source, options }).items);
}
const plain = (items: readonly ImportItem[]) =>
  items.map((item) =>
    isSkip(item) ? [item.id, item.skipped] : [item.id, Array.from(item.values)],
  );

async function* inPieces(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const READS =
  '@r1 x\nACGT\n+\n!I~!\n@r2\n\n+r2\n\n@r3\r\nNA\r\n+\r\n@+\r\n@r4 y\nAC\nGT\nA\n+r4 y\n@!\n+I\n@\n';
const GENES = '>a x\nAC\nGT\n\n>b\n>c\nTTT';

describe('sequences', () => {
  it('are the same however the bytes come', async () => {
    const dna = alphabetNamed('dna');
    const ids = (entries: readonly { header: Buffer; letters: Uint8Array }[]) =>
      entries.map(({ header, letters }) => [header.toString().trim(), letters.join('')]);
    for (let size = 1; size < READS.length; size++) {
      const reads = await collectItems(
        scanFastq('x', inPieces(READS, size), { alphabet: dna, hasQualities: true }),
      );
      assert.deepEqual(ids(reads.flat()), [
        ['r1 x', '0123'],
        ['r2', ''],
        ['r3', '40'],
        ['r4 y', '01230'],
      ]);
      const genes = await collectItems(scanFasta('x', inPieces(GENES, size), dna));
      assert.deepEqual(ids(genes), [
        ['a x', '0123'],
        ['b', ''],
        ['c', '333'],
      ]);
    }
  });

  it('with another letter are left out and counted', async () => {
    const genes = '>a\nACGT\n>b\nAC-T\n>c\nacgu\n';
    const expected = [
      ['a', [0, 1, 2, 3]],
      ['b', 'unknown-letter'],
      ['c', [0, 1, 2, 3]],
    ];
    assert.deepEqual(plain(await read('x.fa', genes)), expected);
    assert.deepEqual(plain(await read('x.fa.gz', gzipSync(genes))), expected);
    const reads = '@a\nAX\n+\n!"\n';
    assert.deepEqual(plain(await read('x.fq', reads)), [['a', 'unknown-letter']]);
    assert.deepEqual(plain(await read('x.fq', reads, { qualities: 'values' })), [['a', [0, 1]]]);
  });

  it('may have letters of their own, in the order of their values', async () => {
    assert.deepEqual(plain(await read('x.fa', '>\ntTuA\n', { alphabet: 'TUA' })), [
      ['x.fa:1', [0, 0, 1, 2]],
    ]);
    for (const alphabet of ['A', 'AA', 'A C', 'aA']) {
      const message = `--alphabet ${alphabet} is neither a name (dna, iupac, protein) nor a list of different letters.`;
      await assert.rejects(read('x.fa', '>a\nA\n', { alphabet }), { code: 'USAGE', message });
    }
  });

  it('may be words of letters', async () => {
    const options = { alphabet: 'ACGT', kmer: 8 };
    assert.deepEqual(plain(await read('x.fa', '>a\nTTTTTTTT\n>b\nACGT\n', options)), [
      ['a', [65_535]],
      ['b', 'too-short'],
    ]);
    const strides = { alphabet: 'ACGT', kmer: 2, stride: 3 };
    assert.deepEqual(plain(await read('x.fa', '>a\nACGTACG\n', strides)), [['a', [1, 12]]]);
    await assert.rejects(read('x.fa', '>a\nA\n', { kmer: 7 }), {
      code: 'USAGE',
      message: '--kmer 7 of 5 letters makes 78125 values, more than 65536.',
      advice: /^Give --kmer 6 or less/,
    });
    await assert.rejects(read('x.fq', '', { kmer: 2, qualities: 'channel' }), {
      code: 'USAGE',
      message: '--qualities channel and words of letters (--kmer, --stride) exclude each other.',
    });
  });

  it('have a class where a pattern finds one in the header', async () => {
    const labels = async (labelPattern: string) =>
      (await read('x.fa', '>a kind=x\nA\n>b\nC\n', { labelPattern })).map(
        (item) => isSkip(item) || item.label,
      );
    assert.deepEqual(await labels('kind=(.)'), ['x', undefined]);
    assert.deepEqual(await labels('^.'), ['a', 'b']);
    await assert.rejects(labels('class=(.)'), {
      code: 'DATA_INVALID',
      message: `Cannot read "${join(folder, 'x.fa')}": no header fits --label-pattern class=(.) (the first is "a kind=x").`,
    });
    await assert.rejects(labels('('), {
      code: 'USAGE',
      message: /^--label-pattern is no regular expression: /,
    });
  });
});

describe('a file that is none', () => {
  it('is refused, with its line', async () => {
    const fastq = [
      ['ACGT\n', 'it is cut off: the read at line 1 ("ACGT") lacks lines', ': '],
      ['>a\nACGT\n>b\nA\n', 'it does not begin with "@"'],
      ['@a\nAC\nGT\n+\n!!!!\n', 'it has 4 qualities for 2 letters in line 2', ', line 5: '],
      ['@a\nAC\n@b\nGT\n+\n', 'it begins with "@", before a line "+"', ', line 3: '],
      ['@a\nAC\n+b\n!!\n', 'it names another read than the line with "@"', ', line 3: '],
      ['@a\nACGT\n+\n!!!\n', 'it has 3 qualities for 4 letters', ', line 4: '],
      ['@a\nA\n+\n!\n@b\nA\n+\n\x7f\n', 'it has a character that is no quality', ', line 8: '],
      ['@a\nA\n+\n!\n@b\nA\n', 'it is cut off: the read at line 5 ("@b") lacks lines', ': '],
    ] as const;
    for (const [text, what, where = ', line 1: '] of fastq) {
      const message = `Cannot read "${join(folder, 'y.fastq')}"${where}${what}.`;
      await assert.rejects(read('y.fastq', text), { code: 'DATA_INVALID', message });
    }
    const fasta = `Cannot read "${join(folder, 'y.fa')}": `;
    const first = `${fasta}it is no FASTA file: its first line does not begin with ">".`;
    await assert.rejects(read('y.fa', 'ACGT\n>a\n'), { code: 'DATA_INVALID', message: first });
    const header = `${fasta}the header "\uFFFD" is not valid UTF-8.`;
    await assert.rejects(read('y.fa', Buffer.from('>\xff\nA\n', 'latin1')), { message: header });
  });
});
