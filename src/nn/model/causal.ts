/** The dilated network seeing the past only, with a norm over the channels of each timestep for BatchNorm. */
import { defineModel } from '../define.ts';
import { dilatedNetwork, dilatedOptions, kernelOption } from './dilated.ts';

export const causal = defineModel({
  family: 'causal',
  options: dilatedOptions.extend({ kernel: kernelOption.default(3) }),
  build: (options, facts) => dilatedNetwork(options, facts, true),
});
