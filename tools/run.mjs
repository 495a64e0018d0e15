// `node tools/run.mjs <file below dist> [arguments]`: prepares, then runs it on the pinned Node until it ends.
import { launch } from './launch.mjs';

const [file, ...args] = process.argv.slice(2);
await launch(file, args);
