/** The configuration of a run, with all its sections. */
import { z } from 'zod';
import { didYouMean } from '../core/nearest-name.ts';
import { dataSection } from './data-section.ts';
import { engineSection } from './engine-section.ts';
import { modelSection } from './model-section.ts';
import { batchSection, phaseSection } from './phase-section.ts';
import type { Registered } from './registered.ts';

const seed = z.int().min(0).max(0xffffffff);

/** @param registered what there is to choose from in the sections that choose by name */
export const runConfig = (registered: Registered) =>
  z
    .strictObject({
      /** Name of the run. Its folder is `runs/<name>`, or the one that the command line names. */
      name: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, ".", "_" and "-" only'),
      /** The seed of everything random in the run. */
      seed: seed.default(0),
      data: dataSection,
      model: modelSection(registered.models),
      /** How sequences form micro-batches; a phase may replace it. */
      batch: batchSection,
      engine: engineSection.prefault({}),
      phases: z.array(phaseSection(registered)).min(1),
      /** What happens to a step whose gradient, loss or batch statistics hold a NaN or an infinity. */
      nonFinite: z
        .strictObject({
          /** `stop` ends the run; with `skip` all workers skip the step's update. */
          action: z.enum(['stop', 'skip']).default('stop'),
          /** With `skip`: the run ends after more skipped steps in a row. */
          limit: z.int().min(1).default(10),
        })
        .prefault({}),
      /** When to compare the hashes of all workers' states. */
      replicaCheck: z
        .strictObject({
          /** Every N global steps, and also at the start, at each change of workers and at the end; 0: only then. */
          everySteps: z.int().min(0).default(1000),
        })
        .prefault({}),
      checkpoint: z
        .strictObject({
          /** Writes a checkpoint every N global steps. */
          everySteps: z.int().min(1).default(200),
          /** Keeps the newest N checkpoints. */
          keep: z.int().min(1).default(2),
        })
        .prefault({}),
    })
    .superRefine((config, context) => {
      const seen = new Set<string>();
      config.phases.forEach((phase, index) => {
        const path = ['phases', index, 'start'];
        if (index === 0 && phase.start === 'previous') {
          context.addIssue({
            code: 'custom',
            path,
            message: 'there is no phase before the first; use "fresh"',
          });
        }
        if (
          typeof phase.start === 'object' &&
          'phase' in phase.start &&
          !seen.has(phase.start.phase)
        ) {
          context.addIssue({
            code: 'custom',
            path: [...path, 'phase'],
            message: `no earlier phase has this name; earlier: ${[...seen].join(', ') || 'none'}.${didYouMean(phase.start.phase, [...seen])}`,
          });
        }
        if (seen.has(phase.name)) {
          context.addIssue({
            code: 'custom',
            path: ['phases', index, 'name'],
            message: 'an earlier phase has this name',
          });
        }
        seen.add(phase.name);
      });
    });

export type RunConfig = z.output<ReturnType<typeof runConfig>>;

/** A configuration as a person writes it: what has a default may be left out. */
export type RunConfigInput = z.input<ReturnType<typeof runConfig>>;
