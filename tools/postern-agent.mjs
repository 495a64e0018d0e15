#!/usr/bin/env node
// The command `postern-agent`: the relay agent.
import { launch } from './launch.mjs';

await launch('apps/relay-agent/src/main.js', process.argv.slice(2));
