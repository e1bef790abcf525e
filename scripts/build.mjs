/** `npm run build`: makes dist/ from src/ where it is not what src/ says. */
import { build, isBuilt } from './setup/build.mjs';

try {
  if (!isBuilt()) build();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
