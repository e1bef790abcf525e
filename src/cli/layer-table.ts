/** The layers of a model as `debug` prints them: shape, parameters, range of the activations. */

import { formatNumber, formatTable } from '../core/format.ts';
import type { ActivationRange, StateLayout } from '../engine/engine.ts';

/** One row a layer; a layer's parameters are those whose names begin with its own, but not deeper ones. */
export function layerTable(ranges: readonly ActivationRange[], layout: StateLayout): string {
  const rows = ranges.map(({ layer, shape, minimum, maximum, nonFinite }) => [
    layer,
    shape.join(' × '),
    String(parametersOf(layer, layout) || ''),
    nonFinite > 0
      ? `${nonFinite} not finite`
      : `${formatNumber(minimum)} … ${formatNumber(maximum)}`,
  ]);
  return formatTable([['layer', 'output', 'parameters', 'activations'], ...rows]);
}

function parametersOf(layer: string, { parameters }: StateLayout): number {
  return parameters
    .filter(({ name }) => name === `${layer}.weight` || name === `${layer}.bias`)
    .reduce((sum, { size }) => sum + size, 0);
}
