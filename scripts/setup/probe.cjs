// Loads the engine as a training process does, runs one operation and prints what answered, as JSON.
'use strict';
const util = require('node:util');

// Node 24 dropped it; tfjs-node still calls it.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
const tf = require(require('./engine-folder.cjs').bindingPackage());

const product = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2]));
const { binding, isUsingGpuDevice } = tf.backend();
process.stdout.write(
  `${JSON.stringify({
    product: [...product.dataSync()],
    tensorflow: binding.TF_Version,
    device: isUsingGpuDevice ? 'cuda' : 'cpu',
  })}\n`,
);
