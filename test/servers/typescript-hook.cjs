const { transformFileSync } = require('@swc/core');

/** Lets a plain `node` process that a test starts load the sources as they are: node -r typescript-hook.cjs program.ts */
require.extensions['.ts'] = (module, file) => {
  const { code } = transformFileSync(file, {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  module._compile(code, file);
};
