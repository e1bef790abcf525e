/** What pretexts predict of several channels, of scaled numbers and of data with gaps. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import type { PhaseFacts } from '../../../../src/data/facts.ts';
import { numberInput, symbolInput } from '../../../../src/nn/model/input.ts';
import { microBatchOf } from '../../../../src/nn/objective/objective.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { CHANNELS, channelFacts, channelRows, STANDARD } from '../../../helper/channel-program.ts';

const masked = (change: object, facts: PhaseFacts) =>
  registry.makeObjective(
    {
      kind: 'masked',
      fraction: 0.4,
      span: 2,
      target: 'regression',
      channels: 'together',
      ...change,
    },
    facts,
    3,
  );

const numbers = channelFacts('sequence');
const rows = channelRows([30, 41], 45, true);

/** Places in `values` that are valid. */
function validPlaces({ lengths, paddedLength, channels }: PaddedRows): number[] {
  return [...lengths].flatMap((length, row) =>
    Array.from({ length: length * channels }, (_, place) => row * paddedLength * channels + place),
  );
}

describe('a mask over several channels', () => {
  it('hides all of a timestep together', () => {
    const hidden = masked({}, numbers).view!(rows).hidden!;
    const steps = validPlaces(rows).filter((place) => place % CHANNELS === 0);
    for (const first of steps) {
      const channels = hidden.subarray(first, first + CHANNELS);
      assert.ok(channels.every((isHidden) => isHidden === channels[0]));
    }
  });

  it('hides each by itself, as often, and the first as if it were alone', () => {
    const long = channelRows([4000], 4000, true);
    const together = masked({}, numbers).view!(long).hidden!;
    const each = masked({ channels: 'each' }, numbers).view!(long).hidden!;
    const of = (hidden: Int32Array, channel: number) =>
      [...hidden].filter((_, place) => place % CHANNELS === channel);
    const share = (mask: readonly number[]) => mask.reduce((a, b) => a + b) / mask.length;
    assert.deepEqual(of(each, 0), of(together, 0));
    for (const channel of [0, 1, 2]) {
      const own = of(each, channel);
      assert.ok(Math.abs(share(own) - 0.4) < 0.05, `${share(own)}`);
      const next = of(each, (channel + 1) % CHANNELS);
      const both = share(own.map((isHidden, step) => isHidden * next[step]!));
      assert.ok(Math.abs(both - 0.16) < 0.05, `independent of the next channel: ${both}`);
    }
  });
});

describe('the goals of several channels', () => {
  for (const channels of ['together', 'each'] as const) {
    it(`masked ${channels}: the hidden values that are not missing, in scaled units`, () => {
      const objective = masked({ channels }, numbers);
      const { hidden } = objective.view!(rows);
      const { feeds, hostSums } = microBatchOf(objective, rows, numbers.scaling);
      const counts = (place: number) => hidden![place] === 1 && !Number.isNaN(rows.values[place]!);
      const positions = [...feeds.positions!.data];
      const expected = validPlaces(rows).filter(counts);
      const found = positions.flatMap((position, row) =>
        Array.from({ length: CHANNELS }, (_, channel) => row * CHANNELS + channel)
          .filter((cell) => feeds.counted!.data[cell] === 1)
          .map((cell) => position * CHANNELS + (cell % CHANNELS)),
      );
      assert.deepEqual(found, expected);
      assert.equal(hostSums.weight, expected.length);
      for (const [row, position] of positions.entries()) {
        for (let channel = 0; channel < CHANNELS; channel++) {
          const cell = row * CHANNELS + channel;
          const isCounted = feeds.counted!.data[cell] === 1;
          const place = position * CHANNELS + channel;
          const value = feeds.values!.data[place]!;
          assert.equal(feeds.targets!.data[cell], isCounted ? value : 0);
        }
      }
    });
  }

  it('next step: every channel of the next timestep that is not missing', () => {
    const facts = channelFacts('dataset');
    const objective = registry.makeObjective({ kind: 'next-step', target: 'regression' }, facts, 1);
    const { feeds, hostSums } = microBatchOf(objective, rows, facts.scaling);
    const seen = validPlaces(rows).filter((place) => {
      const step = Math.floor(place / CHANNELS) % rows.paddedLength;
      return step > 0 && !Number.isNaN(rows.values[place]!);
    });
    assert.equal(hostSums.weight, seen.length);
    assert.equal(
      [...feeds.counted!.data].reduce((a: number, b: number) => a + b, 0),
      seen.length,
    );
    assert.ok([...feeds.targets!.data].every(Number.isFinite));
    assert.ok(Object.values(hostSums).every(Number.isFinite));
  });
});

describe('data.scaling: sequence', () => {
  it('shows nothing of a hidden value: neither in the visible ones nor in the profile', () => {
    const objective = masked({}, numbers);
    const { hidden } = objective.view!(rows);
    const values = rows.values.map((value, place) => (hidden![place] === 1 ? value + 100 : value));
    const other = { ...rows, values: Float32Array.from(values) };
    const [before, after] = [rows, other].map(
      (given) => microBatchOf(objective, given, numbers.scaling).feeds,
    );
    assert.deepEqual(after!.profile, before!.profile);
    const visible = (feeds: typeof before) =>
      [...feeds!.values!.data].filter((_, place) => hidden![place] === 0);
    assert.deepEqual(visible(after), visible(before));
    assert.notDeepEqual(after!.targets, before!.targets);
  });

  it('gives each half of a contrastive row its own units, so that a level tells of no partner', () => {
    const objective = registry.makeObjective(
      { kind: 'contrastive', temperature: 0.1, dimensions: 4 },
      numbers,
      1,
    );
    const level = Float32Array.from({ length: 8 }, (_, place) => (place < 4 ? place : 50 + place));
    const one: PaddedRows = {
      ...rows,
      ...{ rows: 1, paddedLength: 8, channels: 1, values: level, lengths: Int32Array.of(8) },
    };
    const scaling = { ...numbers.scaling, hasMissing: false, channels: [STANDARD] };
    const { values } = microBatchOf(objective, one, scaling).feeds;
    assert.deepEqual(values!.data.slice(0, 4), values!.data.slice(4));
  });

  it('measures the baselines of a masked value in scaled units: the mean is 0', () => {
    const facts = {
      ...numbers,
      channels: 1,
      scaling: { ...numbers.scaling, channels: [STANDARD] },
    };
    const objective = masked({ fraction: 0.5, span: 1 }, facts);
    const values = Float32Array.from({ length: 40 }, (_, place) => 1e6 + (place % 4));
    const one = {
      ...rows,
      rows: 1,
      paddedLength: 40,
      channels: 1,
      values,
      lengths: Int32Array.of(40),
    };
    const { feeds, hostSums } = microBatchOf(objective, one, facts.scaling);
    const squares = [...feeds.targets!.data].reduce((sum, target) => sum + target * target, 0);
    assert.ok(Math.abs(hostSums.meanSquares! - squares) < 1e-4 * squares);
  });
});

describe('the input of a network', () => {
  const widthOf = (facts: PhaseFacts, flags = true) => numberInput(facts, { flags }).channels;
  const one = (kind: 'sequence' | 'dataset' | 'none', hasMissing = false): PhaseFacts => ({
    ...numbers,
    channels: 1,
    scaling: { kind, hasMissing, channels: [STANDARD] },
  });

  it('is one channel of numbers where a value outside the range can stand for a hidden one', () => {
    assert.equal(widthOf(one('none'), false), 1);
    assert.equal(widthOf(one('dataset'), false), 1);
    assert.equal(widthOf(one('dataset')), 2);
  });

  it('has marks of hidden values, marks of missing ones, and two channels of the profile', () => {
    assert.equal(widthOf(one('sequence'), false), 4);
    assert.equal(widthOf(one('sequence', true)), 5);
    assert.equal(widthOf(channelFacts('sequence')), CHANNELS * 5);
    assert.equal(widthOf(channelFacts('dataset'), false), CHANNELS * 3);
  });

  it('has one embedding for each channel', () => {
    const facts = channelFacts('symbols');
    assert.equal(symbolInput(facts).channels, CHANNELS * (facts.symbols + 1));
  });
});
