const { join } = require('node:path');

// The workflows that the test run has bundled, in place of those of the build: see test/stand/patient-heartbeats.ts.
const codePath = process.env.STOCKBRIDGE_TEST_WORKFLOW_BUNDLE;
require(join(__dirname, '../../dist/workflow-code')).workflowCode = () => ({ workflowBundle: { codePath } });
