import type { z } from 'zod';

/** What a schema finds wrong, in words. A union's own message says nothing; that of the branch that took the type and found another fault says most. */
export const faultText = (issue: z.core.$ZodIssue): string => {
  if (issue.code !== 'invalid_union') return issue.message;
  const faults = issue.errors.flat();
  return (faults.find((fault) => fault.code !== 'invalid_type') ?? faults[0])?.message ?? issue.message;
};
