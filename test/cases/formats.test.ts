/** A file is read as what it is, or refused: no header becomes a value. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CLONE } from '../helper/clone.ts';
import { npy, REAL, wav } from './input.ts';
import { labelsOf, Room, valuesOf } from './room.ts';

const fixture = (name: string) => join(CLONE, 'test', 'fixture', 'import', name);

describe('files', () => {
  const room = new Room();
  after(() => room.remove());
  /** Writes files in a folder for each class; returns their ids. */
  const folder = (name: string, ending: string, contents: readonly (string | Uint8Array)[]) => {
    const ids = contents.map((_, i) => `c${i % 2}/s${i}.${ending}`);
    room.write(Object.fromEntries(ids.map((id, i) => [`${name}/${id}`, contents[i]!])));
    return ids;
  };
  const classes = (ids: readonly string[]) =>
    Object.fromEntries(ids.map((id) => [id, id.slice(0, id.indexOf('/'))]));

  describe('in folders of classes', () => {
    it('of CSV are a sequence each, once their column of values is named', async () => {
      const ids = folder('csv', 'csv', ['t,v\n0,0.5\n1,-1\n', 't,v\n1,3\n0,2\n', 't,v\n0,4\n']);
      const line = await room.refuses('csv', ...REAL);
      assert.match(line, /c0\/s0\.csv" as one sequence: it has the columns t, v, .* --values v,/);
      const read = await room.imports('csv', ...REAL, '--values', 'v');
      assert.deepEqual(valuesOf(read), { [ids[0]!]: [0.5, -1], [ids[1]!]: [3, 2], [ids[2]!]: [4] });
      assert.deepEqual(labelsOf(read), classes(ids));
      const timed = await room.refuses('csv', ...REAL, '--values', 'v', '--time', 't');
      assert.match(timed, /s1\.csv", line 3: its time 0 does not follow that of the row before/);
      const wrong = await room.refuses('csv', ...REAL, '--values', 'w');
      assert.match(
        wrong,
        /s0\.csv": it has no column "w" .* \(columns: t, v\)\. Name one of its columns\.$/,
      );
    });

    it('of WAV are samples between -1 and 1', async () => {
      const ids = folder('wav', 'wav', [wav([0, 16384, -32768]), wav([32767, 1])]);
      const integers = await room.refuses('wav', '--value-type', 'uint8');
      assert.match(integers, /not an integer .* Add --value-type float32/);
      const read = await room.imports('wav');
      assert.deepEqual(valuesOf(read), {
        [ids[0]!]: [0, 0.5, -1],
        [ids[1]!]: [32767 / 32768, 1 / 32768],
      });
      assert.deepEqual(labelsOf(read), classes(ids));
    });

    it('of NumPy are their values, without the header', async () => {
      const ids = folder('npy', 'npy', [npy([0.5, -2, 3]), npy([7, 8])]);
      const read = await room.imports('npy', ...REAL);
      assert.deepEqual(valuesOf(read), { [ids[0]!]: [0.5, -2, 3], [ids[1]!]: [7, 8] });
      assert.deepEqual(labelsOf(read), classes(ids));
    });

    it('of FASTA are letters: a header that has the class in it does not leak', async () => {
      folder('fasta', 'fasta', ['>one c0\nACGT\nAC\n', '>two c1\nTTTT\n']);
      const { sequences, manifest } = await room.imports('fasta');
      assert.deepEqual([...sequences.values()].map(({ values }) => values.length).sort(), [4, 6]);
      assert.ok(manifest.valueRange.maximum < 16, 'letters of an alphabet, no bytes of text');
    });

    it('that are compressed are read as what lies in them; files without a class are counted', async () => {
      const texts = ['some text', 'other text'];
      folder(
        'gz',
        'txt.gz',
        texts.map((text) => gzipSync(text)),
      );
      room.write({ 'gz/README.md': 'about', 'gz/root.txt': 'text', 'gz/c0/Thumbs.db': 'window' });
      const { report, sequences } = await room.imports('gz');
      assert.match(
        report,
        /2 skipped, file in no folder that names a class: README\.md, root\.txt/,
      );
      assert.deepEqual([...sequences.keys()].sort(), ['c0/s0.txt.gz', 'c1/s1.txt.gz']);
      assert.deepEqual(sequences.get('c1/s1.txt.gz')?.values, [...Buffer.from('other text')]);
      const bytes = await room.imports('gz', '--as', 'bytes');
      assert.deepEqual(bytes.sequences.get('c0/s0.txt.gz')?.values.slice(0, 3), [0x1f, 0x8b, 8]);
    });

    it('of several formats are refused by their names; --exclude leaves one out', async () => {
      folder('mix', 'csv', ['v\n1\n2\n', 'v\n3\n4\n']);
      room.write({ 'mix/c0/notes.txt': 'hello', 'mix/c1/sound.wav': wav([1, 2]) });
      const line = await room.refuses('mix', ...REAL, '--values', 'v');
      assert.match(line, /2 CSV files \(c0\/s0\.csv\), 1 WAV file \(c1\/sound\.wav\)/);
      const others = ['--exclude', 'notes.txt', '--exclude', 'sound.wav'];
      const read = await room.imports('mix', ...REAL, '--values', 'v', ...others);
      assert.deepEqual(valuesOf(read), { 'c0/s0.csv': [1, 2], 'c1/s1.csv': [3, 4] });
    });

    it('that Lockstep does not read are refused by their formats', async () => {
      const zip = Buffer.from('PK\x03\x04aaaaaaaa', 'latin1');
      const starts: Record<string, Buffer> = {
        xlsx: zip,
        zip,
        h5: Buffer.from('\x89HDF\r\n\x1a\naaaa', 'latin1'),
        mat: Buffer.from('MATLAB 5.0 MAT-file aaaa'),
        flac: Buffer.from('fLaC\0aaaa'),
      };
      for (const [ending, bytes] of Object.entries(starts)) folder('odd', ending, [bytes, bytes]);
      const line = await room.refuses('odd');
      for (const format of ['Excel', 'compressed', 'HDF5', 'MATLAB', 'audio']) {
        assert.match(line, new RegExp(`2 ${format} files`));
      }
    });

    it('of bytes and of text stay what they are', async () => {
      folder('text', 'txt', ['Hello, World', 'good bye']);
      const bytes = await room.imports('text');
      assert.deepEqual(bytes.sequences.get('c1/s1.txt')?.values, [...Buffer.from('good bye')]);
      const symbols = await room.imports('text', '--symbol-map', 'text-41');
      assert.ok(symbols.manifest.valueRange.maximum < 41);
    });
  });

  describe('of sequences of letters', () => {
    const FASTA = '>s1 class=a\nACGT\nACGT\n>s2 class=b\nGGGG\n';
    const FASTQ = '@r1\nACGT\n+\nIIII\n@r2\nGGGG\n+\n!!!!\n';

    it('have classes by a pattern of their headers, and none by default', async () => {
      room.write({ 'x.fasta': FASTA });
      const plain = await room.imports('x.fasta');
      assert.deepEqual(labelsOf(plain), { s1: undefined, s2: undefined });
      assert.deepEqual(plain.sequences.get('s1')?.values, [0, 1, 2, 3, 0, 1, 2, 3]);
      const read = await room.imports('x.fasta', '--label-pattern', 'class=(\\w+)');
      assert.deepEqual(labelsOf(read), { s1: 'a', s2: 'b' });
    });

    it('are the same in an archive; an archive under another name is refused', async () => {
      const zipped = gzipSync(FASTQ);
      room.write({
        'x.fastq': FASTQ,
        'x.fastq.gz': zipped,
        'zipped.fastq': zipped,
        'plain.fastq.gz': FASTQ,
      });
      room.write({ 'cut.fastq.gz': zipped.subarray(0, zipped.length - 12) });
      const plain = await room.imports('x.fastq');
      assert.deepEqual(valuesOf(plain), { r1: [0, 1, 2, 3], r2: [2, 2, 2, 2] });
      const archive = await room.imports('x.fastq.gz');
      assert.equal(archive.manifest.contentHash, plain.manifest.contentHash);
      assert.match(
        await room.refuses('zipped.fastq'),
        /is a gzip archive, but its name does not end in \.gz/,
      );
      assert.match(await room.refuses('plain.fastq.gz'), /ends in \.gz, but it is no gzip archive/);
      assert.match(await room.refuses('cut.fastq.gz'), /cut\.fastq\.gz"/);
    });
  });

  it('of the UEA archive are read with their classes, with and without time stamps', async () => {
    const head = '@problemName Toy\n@univariate true\n@classLabel true a b\n';
    room.write({
      'Toy_TRAIN.ts': `${head}@timeStamps false\n@data\n1.5,2,3:a\n4,5:b\n`,
      'Time_TRAIN.ts': `${head}@timeStamps true\n@data\n(0,1.0),(1,2.0):a\n`,
    });
    const { sequences } = await room.imports('Toy_TRAIN.ts', ...REAL);
    const found = [...sequences.values()].map(({ label, values }) => [label, values]);
    assert.deepEqual(found, [
      ['b', [4, 5]],
      ['a', [1.5, 2, 3]],
    ]);
    const timed = await room.imports('Time_TRAIN.ts', ...REAL);
    assert.deepEqual(valuesOf(timed), { 'Time_TRAIN.ts:6': [1, 2] });
  });

  it('of pandas and of Hugging Face are read as they were written', async () => {
    copyFileSync(fixture('columnar/snappy.parquet'), room.path('table.parquet'));
    const split = room.path('saved', 'train');
    mkdirSync(split, { recursive: true });
    for (const name of readdirSync(fixture('hugging-face/train'))) {
      copyFileSync(fixture(`hugging-face/train/${name}`), join(split, name));
    }
    for (const source of ['table.parquet', 'saved/train']) {
      assert.match(
        await room.refuses(source, '--values', 'nothing', ...REAL),
        /no column "nothing"/,
      );
    }
  });

  describe('with the name of a table', () => {
    it('are refused as what they are', async () => {
      const starts: Record<string, string> = {
        compressed: 'PK\x03\x04aaaaaaaa',
        'gzip archive': '\x1f\x8b\x08aaaaaaaaa',
        Parquet: 'PAR1aaaa',
        NumPy: '\x93NUMPYaaaa',
        WAV: 'RIFFaaaaWAVEfmt ',
        HTML: '<!DOCTYPE html><html><body>404</body></html>',
        'Git LFS pointer':
          'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n',
      };
      for (const [format, start] of Object.entries(starts)) {
        for (const ending of ['csv', 'jsonl', 'json']) {
          room.write({ [`in.${ending}`]: Buffer.from(start, 'latin1') });
          assert.match(await room.refuses(`in.${ending}`), new RegExp(`it is an? ${format}`));
        }
      }
    });

    it('are refused where they are another kind of table', async () => {
      room.write({
        'json.csv': '{"id":"a","values":[1,2]}\n',
        'csv.jsonl': 'id,values\na,1 2\n',
        'array.jsonl': '[{"id":"a","values":[1,2]}]\n',
        'log.txt': '2024-01-01 00:00:00,123 INFO start\n2024-01-01 00:00:01,456 INFO value=5\n',
        'letters.txt': '>s1 class=a\nACGT\n',
      });
      for (const name of ['json.csv', 'csv.jsonl', 'array.jsonl', 'log.txt', 'letters.txt']) {
        assert.match(
          await room.refuses(name, '--id', 'id'),
          /^DATA_INVALID: Cannot (read|import) /,
        );
      }
    });
  });

  it('without a name that says what they are need one, or --importer', async () => {
    const text = 'id,class,values\na,x,1 2\n';
    room.write({ 'data.dat': text, noending: text, 'app.log': 'INFO start\n' });
    for (const source of ['data.dat', 'noending', 'app.log']) {
      assert.match(await room.refuses(source), /^USAGE: .* no importer takes it \(folder, csv, /);
    }
    const read = await room.imports('data.dat', '--importer', 'csv', '--id', 'id');
    assert.deepEqual(valuesOf(read), { a: [1, 2] });
    assert.match(await room.refuses('nothing.csv'), /^DATA_NOT_FOUND: .* no such file or folder/);
  });
});
