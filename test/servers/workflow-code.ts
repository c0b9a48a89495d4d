import { REPLAY_PATIENCE } from '../../src/workflow-code';

/** Where the global set-up leaves the workflows, bundled. */
export const WORKFLOW_BUNDLE_VARIABLE = 'STOCKBRIDGE_TEST_WORKFLOW_BUNDLE';

/** What the tests with servers get in place of the one in `src`: the workflows, bundled once for all of them. */
export function workflowCode(): { workflowBundle: { codePath: string }; isolateExecutionTimeout: '10 minutes' } {
  const codePath = process.env[WORKFLOW_BUNDLE_VARIABLE];
  if (!codePath) throw new Error(`${WORKFLOW_BUNDLE_VARIABLE} is not set: run this test with --selectProjects servers`);
  // The SDK gives workflow code 5 s, which a machine that stalls needs for nothing.
  return { workflowBundle: { codePath }, ...REPLAY_PATIENCE };
}
