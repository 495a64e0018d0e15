/** `npm run bench -- <name> [flags]`: runs `bench/<name>`, which reads its flags itself; the last line of the output is its result as JSON. */
interface Bench {
  run(): Promise<{ bench: string; figures: Record<string, number>; ratios: Record<string, number> }>;
}

const name = process.argv[2] ?? '';
if (!/^[a-z][a-z-]*$/.test(name) || name === 'run') {
  console.error(
    'Usage: npm run bench -- <name>, where bench/<name>.ts is the bench, for example: npm run bench -- decision',
  );
  process.exit(2);
}
const { run } = (await import(`./${name}.js`)) as Bench;
console.log(JSON.stringify(await run()));
