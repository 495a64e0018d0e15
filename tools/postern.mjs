#!/usr/bin/env node
// The command `postern`, also as `npm run postern --`: Postern itself, the client of the HTTP API, or the database tool. They are
// programs of their own, so that the client needs nothing of the server.
import { launch } from './launch.mjs';
import { programOf } from './program-of.mjs';

const { program, args } = programOf(process.argv.slice(2));
await launch(`apps/${program}/src/main.js`, args);
