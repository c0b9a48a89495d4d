/** Where the global set-up leaves the workflows, bundled. */
export const WORKFLOW_BUNDLE_VARIABLE = 'STOCKBRIDGE_TEST_WORKFLOW_BUNDLE';

/** What the tests with servers get in place of the one in `src`: the workflows, bundled once for all of them. */
export function workflowCode(): { workflowBundle: { codePath: string } } {
  const codePath = process.env[WORKFLOW_BUNDLE_VARIABLE];
  if (!codePath) throw new Error(`${WORKFLOW_BUNDLE_VARIABLE} is not set: run this test with --selectProjects servers`);
  return { workflowBundle: { codePath } };
}
