// Loads the portable engine as a training process does, runs one operation and prints what answered, as JSON.
'use strict';
const { dirname, join } = require('node:path');
const tf = require('@tensorflow/tfjs');
const { setWasmPaths } = require('@tensorflow/tfjs-backend-wasm');

setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')), '/'));
tf.setBackend('wasm').then(() => {
  const product = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2]));
  const answer = { product: [...product.dataSync()], tfjs: tf.version.tfjs };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
