import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

/**
 * Workers of a stand live and die with the test, so that a heartbeat which comes late only says that the machine is busy: each
 * would be a call more than the test counts. What is noticed without a heartbeat is tested with processes of their own.
 */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity: (input, next) =>
        next(
          input.options.heartbeatTimeout === undefined
            ? input
            : { ...input, options: { ...input.options, heartbeatTimeout: '1m' } },
        ),
    },
  ],
});
