import vm from 'node:vm';

/** V8's code of each file that this worker has loaded. Every test file compiles the same hundreds of modules again. */
const compiled = new Map();
const { compileFunction, SourceTextModule } = vm;

const codeOf = (file, source) => {
  const known = compiled.get(file);
  return known?.source === source ? known.code : undefined;
};

vm.compileFunction = function compileFunctionOnce(source, parameters, options) {
  const { filename } = options;
  const cachedData = codeOf(filename, source);
  if (cachedData) return compileFunction(source, parameters, { ...options, cachedData });
  const made = compileFunction(source, parameters, { ...options, produceCachedData: true });
  compiled.set(filename, { source, code: made.cachedData });
  return made;
};

vm.SourceTextModule = class CompiledOnce extends SourceTextModule {
  constructor(source, options) {
    const { identifier } = options;
    const cachedData = codeOf(identifier, source);
    super(source, { ...options, ...(cachedData && { cachedData }) });
    if (!cachedData) compiled.set(identifier, { source, code: this.createCachedData() });
  }
};
