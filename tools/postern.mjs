#!/usr/bin/env node
// The command `postern`, also as `npm run postern --`: the client of the HTTP API, or for its commands the database tool. Both are
// programs of their own, so that the client needs nothing of the server.
import { programOf } from './program-of.mjs';

process.argv.splice(2, 0, `apps/${programOf(process.argv.slice(2))}/src/main.js`);
await import('./run.mjs');
