/** What this machine can do at most, measured by TensorFlow itself with the threads that a worker has. */
import { backendOf } from './binding.ts';
import { loadTensorflow } from './library.ts';

export interface MachineLimits {
  /** float32 multiplications and additions, of a product of two large matrices. */
  readonly flopsPerSecond: number;
  /** Read and written by adding two vectors that fit no cache. */
  readonly bytesPerSecond: number;
}

const MATRIX = 1536;
const VECTOR = 32 * 2 ** 20;
const REPEATS = 9;

/** @throws LockstepError ENGINE_UNAVAILABLE */
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
  const run = (op: string, attributes: (typeof float)[], input: number): void => {
    const [output] = binding.executeOp(op, attributes as never, [input, input], 1);
    binding.deleteTensor(output!.id);
  };
  const matrix = binding.createTensor([MATRIX, MATRIX], binding.TF_FLOAT, vectorOf(MATRIX ** 2));
  const product = seconds(() => run('MatMul', [float, ...(plain as never[])], matrix));
  binding.deleteTensor(matrix);
  const vector = binding.createTensor([VECTOR], binding.TF_FLOAT, vectorOf(VECTOR));
  const addition = seconds(() => run('AddV2', [float], vector));
  binding.deleteTensor(vector);
  return {
    flopsPerSecond: (2 * MATRIX ** 3) / product,
    // Both inputs are the same vector: one is read, one is written.
    bytesPerSecond: (2 * 4 * VECTOR) / addition,
  };
}
