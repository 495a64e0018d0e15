/** Of the files that match none, the last are run last. */
const LONGEST = [
  /\/faults\.|-with-kafka/,
  /\/services\.|\/nginx\.|policy-snapshot|start-and-stop|\/broker\.int|given-up|rebuild-and|backup\.e2e|\/cli\.e2e|-gone/,
  /\.e2e\./,
  /\/kafka\/|\.int\./,
];

/** jest's order of test files: those that take minutes first, so that no worker is left with one of them at the end. A clean checkout has no times of an earlier run. */
export default class LongestFirst {
  sort(tests) {
    return tests.toSorted((a, b) => rank(a) - rank(b) || a.path.localeCompare(b.path));
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}

function rank({ path }) {
  const at = LONGEST.findIndex((pattern) => pattern.test(path));
  return at === -1 ? LONGEST.length : at;
}
