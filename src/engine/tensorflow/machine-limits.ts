/** Measures the machine's limits by TensorFlow, with a worker's number of threads. */
import { backendOf } from './binding.ts';
import { loadTensorflow } from './library.ts';

/** The most that this machine can do. */
export interface MachineLimits {
  /** float32 multiplications and additions in the fastest of some matrix products. */
  readonly flopsPerSecond: number;
  /** Bytes read and written while adding two vectors that fit into no cache. */
  readonly bytesPerSecond: number;
}

/** Rows, inner size and columns: from a square to the product of a convolution of 64 channels. */
const PRODUCTS = [
  [1024, 1024, 1024],
  [4096, 256, 256],
  [16384, 192, 64],
] as const;
const VECTOR = 32 * 2 ** 20;
const REPEATS = 9;

/**
 * Measures both limits.
 * @throws LockstepError ENGINE_UNAVAILABLE
 */
export function measureMachineLimits(): MachineLimits {
  const tf = loadTensorflow();
  const { binding } = backendOf(tf);
  const seconds = (compute: () => void) => {
    compute();
    const times = Array.from({ length: REPEATS }, () => {
      const start = performance.now();
      compute();
      return (performance.now() - start) / 1e3;
    });
    return Math.min(...times);
  };
  const float = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const plain = ['transpose_a', 'transpose_b'].map((name) => ({
    name,
    type: binding.TF_ATTR_BOOL,
    value: false,
  }));
  const vectorOf = (size: number) => new Float32Array(size).fill(0.5);
  const run = (op: string, attributes: (typeof float)[], inputs: number[]): void => {
    const [output] = binding.executeOp(op, attributes as never, inputs, 1);
    binding.deleteTensor(output!.id);
  };
  const flops = PRODUCTS.map(([rows, inner, columns]) => {
    const left = binding.createTensor([rows, inner], binding.TF_FLOAT, vectorOf(rows * inner));
    const right = binding.createTensor(
      [inner, columns],
      binding.TF_FLOAT,
      vectorOf(inner * columns),
    );
    const taken = seconds(() => run('MatMul', [float, ...(plain as never[])], [left, right]));
    for (const id of [left, right]) binding.deleteTensor(id);
    return (2 * rows * inner * columns) / taken;
  });
  const vector = binding.createTensor([VECTOR], binding.TF_FLOAT, vectorOf(VECTOR));
  const addition = seconds(() => run('AddV2', [float], [vector, vector]));
  binding.deleteTensor(vector);
  return {
    flopsPerSecond: Math.max(...flops),
    // Both inputs are the same vector: one vector read, one written.
    bytesPerSecond: (2 * 4 * VECTOR) / addition,
  };
}
