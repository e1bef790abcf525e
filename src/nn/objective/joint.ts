/**
 * Several pretexts at once on the same features. Their losses are averages of different things, such as hidden timesteps
 * and sequences; so each is averaged within a micro-batch, and a micro-batch counts by its rows.
 */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import type { Feed, FeedDescription, ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import { defineObjective, type ObjectiveDefinition, type ObjectiveNeeds } from '../define.ts';
import { contrastive } from './contrastive.ts';
import { masked } from './masked.ts';
import { nGrams } from './n-grams.ts';
import { nextStep } from './next-step.ts';
import type { Metric, Objective, Prepared } from './objective.ts';
import { PRETEXT_HEAD } from './pretext.ts';
import { windowOrder } from './window-order.ts';

const DEFINITIONS: readonly ObjectiveDefinition[] = [
  masked,
  nextStep,
  contrastive,
  nGrams,
  windowOrder,
];

/** How much the loss of a part counts. */
const weight = z.number().positive().default(1);

const part = z.discriminatedUnion(
  'kind',
  DEFINITIONS.map(({ kind, options }) =>
    z.strictObject({ kind: z.literal(kind), weight, ...options.shape }),
  ) as unknown as [z.ZodObject<{ kind: z.ZodString; weight: typeof weight }>],
);

type PartConfig = z.output<typeof part>;

const options = z.strictObject({
  /** Two pretexts or more, each with its own keys and a `weight`. */
  parts: z.array(part).min(2).max(DEFINITIONS.length),
});

/** One of the pretexts; what it names is told apart by its kind. */
interface Part {
  readonly kind: string;
  readonly weight: number;
  readonly objective: Objective;
}

export const joint = defineObjective({
  kind: 'joint',
  options,
  needsOf: ({ parts }) => allNeeds(parts.map(({ kind }) => definitionOf(kind).needs)),
  build({ parts: configs }, facts, seed) {
    const parts = configs.map((config) => makePart(config, facts, seed));
    refuseUnfitting(parts);
    return {
      head: (channels) =>
        parts.flatMap(({ kind, objective }) =>
          objective.head(channels).map((one) => ({ ...one, name: own(kind, one.name) })),
        ),
      sums: parts.flatMap(({ kind, objective: { sums } }) =>
        ['loss', 'weight', ...sums].map((name) => own(kind, name)),
      ),
      feeds: feedsOf(parts),
      view: (rows) => viewOf(parts, rows),
      prepare: (rows) => prepare(parts, rows),
      loss: (context, features) => lossesOf(parts, context, features),
      metrics: (sums) => metricsOf(parts, sums),
      headline: { metric: 'loss', better: 'lower' },
    };
  },
});

const own = (kind: string, name: string): string => `${kind}.${name}`;
const scaleOf = (kind: string): string => own(kind, 'scale');

/** The model's business: parts that feed them share them. */
const SHARED = new Set(['mask', 'values']);
const feedName = (kind: string, name: string): string =>
  SHARED.has(name) ? name : own(kind, name);

const definitionOf = (kind: string): ObjectiveDefinition =>
  DEFINITIONS.find((definition) => definition.kind === kind)!;

function makePart({ kind, weight, ...options }: PartConfig, facts: PhaseFacts, seed: number): Part {
  return { kind, weight, objective: definitionOf(kind).build(options, facts, seed) };
}

function allNeeds(needs: readonly ObjectiveNeeds[]): ObjectiveNeeds {
  const most = (key: 'minRows' | 'minLength') => Math.max(1, ...needs.map((one) => one[key] ?? 1));
  return {
    causalModel: needs.some(({ causalModel }) => causalModel === true),
    minRows: most('minRows'),
    minLength: most('minLength'),
  };
}

/** Parts that cut rows into windows, each in its own way. */
const CUTTING = new Set(['contrastive', 'window-order']);

/** @throws LockstepError CONFIG_INVALID for parts that are twice there, or whose rows or timesteps exclude each other */
function refuseUnfitting(parts: readonly Part[]): void {
  const kinds = parts.map(({ kind }) => kind);
  const twice = kinds.find((kind, index) => kinds.indexOf(kind) !== index);
  if (twice !== undefined) throw unfitting(`"${twice}" twice`);
  const pointed = parts.filter(({ objective: { feeds } }) =>
    feeds.some(({ shape }) => shape.includes('positions')),
  );
  if (pointed.length > 1) {
    throw unfitting(`${together(pointed)}: only one of them can predict timesteps`);
  }
  const cutting = parts.filter(({ kind }) => CUTTING.has(kind));
  if (cutting.length > 1) {
    throw unfitting(`${together(cutting)}: only one of them can cut sequences into windows`);
  }
}

const together = (parts: readonly Part[]): string =>
  parts.map(({ kind }) => `"${kind}"`).join(' and ');

const unfitting = (what: string): LockstepError =>
  new LockstepError(
    'CONFIG_INVALID',
    `objective.parts has ${what}.`,
    'Leave one of them out, or train them in phases that follow each other.',
  );

function feedsOf(parts: readonly Part[]): FeedDescription[] {
  const feeds = parts.flatMap(({ kind, objective }) => [
    { name: scaleOf(kind), dtype: 'float32', shape: [1] } as const,
    ...objective.feeds.map((feed) => ({ ...feed, name: feedName(kind, feed.name) })),
  ]);
  return feeds.filter(({ name }, at) => feeds.findIndex((other) => other.name === name) === at);
}

/** The rows that parts make come first: windows of rows, then what is hidden of them, as the first part that hides says. */
function viewOf(parts: readonly Part[], rows: PaddedRows): PaddedRows {
  const hides = ({ objective: { feeds } }: Part) => feeds.some(({ name }) => name === 'mask');
  const hiding = parts.find(hides);
  const ordered = [...parts.filter((one) => !hides(one)), ...(hiding ? [hiding] : [])];
  return ordered.reduce((seen, { objective }) => objective.view?.(seen) ?? seen, rows);
}

function prepare(parts: readonly Part[], rows: PaddedRows): Prepared {
  const feeds: Record<string, Feed> = {};
  const sums: Record<string, number> = { weight: rows.rows };
  for (const { kind, objective } of parts) {
    const prepared = objective.prepare(rows);
    for (const [name, feed] of Object.entries(prepared.feeds)) feeds[feedName(kind, name)] ??= feed;
    for (const [name, sum] of Object.entries(prepared.sums)) sums[own(kind, name)] = sum;
    const { weight = 0 } = prepared.sums;
    const scale = weight === 0 ? 0 : rows.rows / weight;
    feeds[scaleOf(kind)] = { shape: [1], data: Float32Array.of(scale) };
  }
  return { feeds, sums };
}

function lossesOf(
  parts: readonly Part[],
  context: ForwardContext,
  features: Tensor,
): Record<string, Tensor> {
  const { ops } = context;
  const sums: Record<string, Tensor> = {};
  const losses = parts.map(({ kind, weight, objective }) => {
    const found = objective.loss(contextOf(kind, context), features);
    for (const [name, sum] of Object.entries(found)) sums[own(kind, name)] = sum;
    const scale = ops.mul(context.feed(scaleOf(kind)), ops.scalar(weight));
    return ops.sum(ops.mul(found.loss!, scale));
  });
  return { loss: losses.reduce((sum, loss) => ops.add(sum, loss)), ...sums };
}

/** A part's head and feeds under the names that it gave them. */
function contextOf(kind: string, context: ForwardContext): ForwardContext {
  return {
    ...context,
    parameter: (name) => context.parameter(name.startsWith(PRETEXT_HEAD) ? own(kind, name) : name),
    hasFeed: (name) => context.hasFeed(feedName(kind, name)),
    feed: (name) => context.feed(feedName(kind, name)),
  };
}

/** Each part's metrics under its name, and the weighted sum of their losses. */
function metricsOf(
  parts: readonly Part[],
  sums: Readonly<Record<string, number>>,
): Record<string, Metric> {
  const all = parts.map(({ kind, weight, objective }) => {
    const ofPart = Object.entries(sums)
      .filter(([name]) => name.startsWith(own(kind, '')))
      .map(([name, sum]) => [name.slice(kind.length + 1), sum]);
    return { kind, weight, metrics: objective.metrics(Object.fromEntries(ofPart)) };
  });
  const loss = all.reduce((sum, { weight, metrics }) => sum + weight * metrics.loss!.value, 0);
  const named = all.flatMap(({ kind, metrics }) =>
    Object.entries(metrics).map(([name, metric]) => [camelCase(`${kind}-${name}`), metric]),
  );
  return { loss: { value: loss }, ...Object.fromEntries(named) };
}

const camelCase = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
