#!/usr/bin/env node
// The command `postern` where the package is linked or installed: the same as `npm run postern --`.
process.argv.splice(2, 0, 'apps/cli/src/main.js');
await import('./run.mjs');
