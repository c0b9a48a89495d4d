import { existsSync } from 'node:fs';
import { join } from 'node:path';

const WORKFLOW_BUNDLE = join(__dirname, 'workflow-bundle.js');

/** The workflows as a worker takes them: bundled by the build, or from the sources when a test runs them without a build. */
export const workflowCode = (): { workflowBundle: { codePath: string } } | { workflowsPath: string } =>
  existsSync(WORKFLOW_BUNDLE)
    ? { workflowBundle: { codePath: WORKFLOW_BUNDLE } }
    : { workflowsPath: require.resolve('./workflows') };

/** For a replay, where time tells nothing: with the SDK's 5 s a machine that stalls would pass for a history that does not replay. */
export const REPLAY_PATIENCE = { isolateExecutionTimeout: '10 minutes' } as const;
