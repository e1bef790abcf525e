// Apart from the entry because a very old Node can't even parse `import()`.
'use strict';

void import('./main.mjs').then((main) => main.run());
