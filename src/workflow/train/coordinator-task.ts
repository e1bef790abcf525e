/** What the program of a coordinator process is told by the command that starts it. */
import { z } from 'zod';
import type { Elasticity } from '../../coordinator/elasticity.ts';
import type { JsonObject } from '../../core/json.ts';

const schema = z.object({
  runFolder: z.string(),
  configHash: z.string(),
  dataHash: z.string(),
  /** XLA compiles each new shape, however late it comes. */
  xla: z.boolean(),
  totalSteps: z.number(),
  elasticity: z.object({
    maxRestarts: z.number(),
    minWorkers: z.number(),
    coordinatorWaitMs: z.number(),
    homeWorkers: z.number(),
  }) satisfies z.ZodType<Elasticity>,
});

export type CoordinatorTask = z.output<typeof schema>;

export function coordinatorTask(task: CoordinatorTask): JsonObject {
  return schema.parse(task);
}

export function readCoordinatorTask(task: JsonObject): CoordinatorTask {
  return schema.parse(task);
}
