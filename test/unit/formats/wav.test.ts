import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RawRecord } from '../../../src/data/record.ts';
import { decimate } from '../../../src/formats/wav/decimate.ts';
import { importSource } from '../../../src/importer/import-source.ts';
import { DEFAULT_RULES } from '../../../src/importer/source-rules.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
after(release);

const RATE = 8000;

interface Wav {
  readonly tag?: number;
  readonly channels?: number;
  readonly bits?: number;
  readonly kind?: string;
  readonly size?: number;
  readonly extra?: Buffer;
}
/** A WAV file with these samples. */
function wav(
  data: Uint8Array,
  { tag = 1, channels = 1, bits = 16, kind = 'RIFF', ...rest }: Wav = {},
): Buffer {
  const format = Buffer.alloc(24);
  format.write('fmt ');
  format.writeUInt32LE(16, 4);
  for (const [at, value] of [
    [8, tag],
    [10, channels],
    [20, (channels * bits) / 8],
    [22, bits],
  ] as const) {
    format.writeUInt16LE(value, at);
  }
  format.writeUInt32LE(RATE, 12);
  const start = Buffer.from(`${kind}\0\0\0\0WAVE`, 'latin1');
  const size = Buffer.alloc(4);
  size.writeUInt32LE(rest.size ?? data.length);
  return Buffer.concat([
    start,
    rest.extra ?? Buffer.alloc(0),
    format,
    Buffer.from('data'),
    size,
    data,
  ]);
}

async function read(content: Uint8Array, options = {}): Promise<RawRecord[]> {
  const source = join(folder, 'x.wav');
  writeFileSync(source, content);
  return (await collectItems(
    importSource({ ...DEFAULT_RULES, source, options }).items,
  )) as RawRecord[];
}

describe('a WAV file', () => {
  const samples = Buffer.from(Int16Array.of(0, 16_384, -32_768, 8).buffer);

  it('is one sequence, its channels side by side', async () => {
    const [mono] = await read(wav(samples));
    assert.deepEqual([mono!.id, Array.from(mono!.values)], ['x.wav', [0, 0.5, -1, 8 / 32_768]]);
    assert.equal(mono!.sampleRate, RATE);
    const [stereo] = await read(wav(samples, { channels: 2 }));
    assert.deepEqual([stereo!.channels, stereo!.values.length], [2, 4]);
  });

  it('may have other chunks, and a size that its writer did not know', async () => {
    const list = Buffer.from('LIST\x03\0\0\0abc\0', 'latin1');
    assert.equal((await read(wav(samples, { extra: list })))[0]!.values.length, 4);
    assert.equal((await read(wav(samples, { size: 0xffffffff })))[0]!.values.length, 4);
    assert.equal((await read(Buffer.concat([wav(samples), list])))[0]!.values.length, 4);
  });

  it('is refused where it is cut off or of another kind', async () => {
    const cases: [Buffer, string][] = [
      [Buffer.from('no'), 'it is no WAV file'],
      [wav(samples).subarray(0, 30), 'it is cut off'],
      [wav(samples).subarray(0, 36), 'it is cut off: it has no samples'],
      [wav(samples).subarray(0, -1), 'it is cut off: it has 7 of 8 bytes of samples'],
      [wav(samples).subarray(0, -8), 'it is cut off: it has 0 of 8 bytes of samples'],
      [wav(samples, { size: 7 }), 'it is cut off: it has 7 of 7 bytes of samples'],
      [wav(samples, { tag: 85 }), 'its samples are compressed (MP3)'],
      [wav(samples, { tag: 999 }), 'its samples are compressed (format 999)'],
      [wav(samples, { bits: 12 }), 'it has integer samples of 12 bits in 1 bytes'],
      [wav(samples, { channels: 0 }), 'it has no channels'],
      [wav(samples, { kind: 'RIFX' }), 'it is big-endian (RIFX), which is not read'],
      [
        wav(samples, { extra: Buffer.from('data\0\0\0\0') }),
        'its samples come before their format',
      ],
    ];
    for (const [content, what] of cases) {
      const message = `Cannot read "${join(folder, 'x.wav')}": ${what}.`;
      await assert.rejects(read(content), { code: 'DATA_INVALID', message });
    }
  });
});

describe('decimate()', () => {
  const tone = (period: number) =>
    Float64Array.from({ length: 4000 }, (_, t) => Math.sin((2 * Math.PI * t) / period));
  const loudest = (samples: Float64Array) => Math.max(...samples.subarray(100, -100).map(Math.abs));

  it('keeps slow tones and removes those that would turn into others', () => {
    assert.ok(Math.abs(loudest(decimate(tone(60), 1, 4)) - 1) < 0.01);
    assert.ok(loudest(decimate(tone(5), 1, 4)) < 0.01);
  });

  it('treats each channel by itself', () => {
    const slow = tone(60);
    const both = Float64Array.from({ length: 8000 }, (_, i) => slow[i >> 1]! * (1 + (i % 2)));
    const result = decimate(both, 2, 4);
    const alone = decimate(slow, 1, 4);
    assert.deepEqual(
      result.filter((_, i) => i % 2 === 0),
      alone,
    );
    assert.deepEqual(
      result.filter((_, i) => i % 2 === 1),
      alone.map((value) => 2 * value),
    );
  });
});
