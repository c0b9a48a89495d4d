import { problemDocument } from '../../src/starter/problems';
import type { Stand } from '../stand/stand';

export interface Answer {
  status: number;
  contentType: string;
  headers: Headers;
  text: string;
  json: unknown;
}

/** Posts text as it is, so that it may be anything but good. */
export async function postText(
  stand: Pick<Stand, 'gatewayUrl'>,
  path: string,
  body: string,
  headers: Record<string, string>,
  method = 'POST',
): Promise<Answer> {
  const response = await fetch(`${stand.gatewayUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method === 'GET' ? {} : { body }),
  });
  const text = await response.text();
  const contentType = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    contentType,
    headers: response.headers,
    text,
    json: /json/.test(contentType) && text !== '' ? JSON.parse(text) : undefined,
  };
}

/** The answer's problem document; fails the test unless it is one and says the answer's own status. */
export function problemIn(answer: Answer) {
  expect(answer.contentType).toMatch(/^application\/problem\+json\b/);
  const problem = problemDocument.parse(answer.json);
  expect(problem.status).toBe(answer.status);
  return problem;
}
