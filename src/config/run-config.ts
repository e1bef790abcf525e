/** A run is one complete, typed configuration; these sections are all there is. */
import { z } from 'zod';
import { didYouMean } from '../core/nearest-name.ts';
import { dataSection } from './data-section.ts';
import { engineSection } from './engine-section.ts';
import { modelSection } from './model-section.ts';
import { batchSection, phaseSection } from './phase-section.ts';

const seed = z.int().min(0).max(0xffffffff);

export const runConfig = z
  .strictObject({
    /** Name of the run; its folder is `runs/<name>` unless the command line says otherwise. */
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, ".", "_" and "-" only'),
    /** Everything random in the run follows from this number. */
    seed: seed.default(0),
    data: dataSection,
    model: modelSection,
    /** How sequences become micro-batches; a phase may replace it. */
    batch: batchSection,
    engine: engineSection.prefault({}),
    phases: z.array(phaseSection).min(1),
    /** What becomes of a step whose gradient, or anything else that is summed, is not finite. */
    nonFinite: z
      .strictObject({
        /** `stop` ends the run; `skip` leaves out the step's update, on all workers alike. */
        action: z.enum(['stop', 'skip']).default('stop'),
        /** With `skip`: more skipped steps in a row end the run. */
        limit: z.int().min(1).default(10),
      })
      .prefault({}),
    /** Whether all workers still have the same state is looked at by its hash. */
    replicaCheck: z
      .strictObject({
        /** Each so many global steps, besides the start, each change of workers and the end; 0: only then. */
        everySteps: z.int().min(0).default(1000),
      })
      .prefault({}),
    checkpoint: z
      .strictObject({
        /** A checkpoint is written each time so many global steps are done. */
        everySteps: z.int().min(1).default(200),
        /** So many of the newest checkpoints stay. */
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
      if (typeof phase.start === 'object' && !seen.has(phase.start.phase)) {
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

export type RunConfig = z.output<typeof runConfig>;

/** A configuration as a person writes it: what has a default may be left out. */
export type RunConfigInput = z.input<typeof runConfig>;
