import { type WorkflowInterceptorsFactory, workflowInfo } from '@temporalio/workflow';

/**
 * Workers of a stand live and die with the test, so that a heartbeat which comes late only says that the machine is busy: each
 * would be a call more than the test counts. What is noticed without a heartbeat is tested with processes of their own, and with
 * runs whose memo says how long they wait for one.
 */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        if (input.options.heartbeatTimeout === undefined) return next(input);
        const own = workflowInfo().memo?.heartbeatTimeoutMs;
        const heartbeatTimeout = typeof own === 'number' ? own : 60_000;
        return next({ ...input, options: { ...input.options, heartbeatTimeout } });
      },
    },
  ],
});
