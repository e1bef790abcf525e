/** `TableColumns` as options of importers. */
import { z } from 'zod';

/** The columns that options and rules name. */
export const namedColumns = {
  values: z.string().default('values'),
  id: z.string().optional(),
  label: z.string().optional(),
  labels: z.string().optional(),
  target: z.string().optional(),
  timestepLabels: z.string().optional(),
  group: z.string().optional(),
  split: z.string().optional(),
  /** Orders the rows of one id: each row is one timestep. */
  time: z.string().optional(),
};

/** `TableColumns` as options of an importer. */
export const tableColumns = {
  ...namedColumns,
  channels: z.int().min(1).optional(),
  ignored: z.array(z.string()).default([]),
};
