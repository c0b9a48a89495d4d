import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import type { DraftLine } from '../../src/contracts/submission';
import { storeSubmissions } from '../../src/store/intake';
import { ORDER_CONNECTION, STOCK_CONNECTION, type Stand, startStand } from '../stand/stand';
import { postText, problemIn } from './gateway-client';

const HEADER = ['row', 'listing', 'location', 'quantity', 'status', 'error', 'pushId'];
const table = z.array(z.array(z.string()));

let stand: Stand;
beforeAll(async () => {
  stand = await startStand({ worker: false });
});
afterAll(() => stand.stop());

async function store(lines: readonly DraftLine[], connectionId = STOCK_CONNECTION, accountSlug = 'spykar') {
  const [result] = await storeSubmissions(stand.stores.db, [
    {
      connectionId,
      accountSlug,
      source: 'csv',
      messageId: null,
      publishedAtMs: Date.now(),
      levelLocationId: '',
      sumLocations: false,
      lines,
    },
  ]);
  return result?.submissionId ?? '';
}

const usable = (row: number, listing: string): DraftLine => ({ row, listing, locationId: '', quantity: row });
const get = (path: string, headers: Record<string, string> = {}) =>
  postText(stand, path, '', { 'x-api-key': stand.keys.spykar, ...headers }, 'GET');

describe('the lines of a submission as CSV', () => {
  it('are asked for by Accept or by format, and JSON stays what it was', async () => {
    const id = await store([
      usable(1, 'P/007'),
      { row: 2, listing: '=P/1', locationId: 'L', quantity: null, error: '=2+3 is, "no" quantity' },
    ]);
    const path = `/submissions/${id}/lines`;
    const byAccept = await get(path, { accept: 'text/csv' });
    expect(byAccept.status).toBe(200);
    expect(byAccept.contentType).toBe('text/csv; charset=utf-8; header=present');
    expect(byAccept.headers.get('content-disposition')).toBe(`attachment; filename="submission-${id}.csv"`);
    expect(byAccept.headers.get('vary')).toBe('accept');
    expect(byAccept.text).toBe(
      `${HEADER.join(',')}\r\n1,P/007,,1,pending,,\r\n2,=P/1,,,error,"'=2+3 is, ""no"" quantity",\r\n`,
    );
    const byFormat = await get(`${path}?format=csv&status=error`);
    expect(byFormat.headers.get('content-disposition')).toBe(`attachment; filename="submission-${id}-error.csv"`);
    expect(table.parse(parse(byFormat.text))).toEqual([
      HEADER,
      ['2', '=P/1', '', '', 'error', `'=2+3 is, "no" quantity`, ''],
    ]);
    for (const answer of [await get(path), await get(`${path}?format=json`, { accept: 'text/csv' })]) {
      expect(answer.contentType).toMatch(/^application\/json/);
      expect(answer.json).toMatchObject({ lines: [{ row: 1 }, { row: 2 }], nextAfter: null });
    }
  });

  it('are one file of 10,000 lines, or as many as are asked for', async () => {
    const id = await store(Array.from({ length: 10_000 }, (_, index) => usable(index + 1, `P/${index + 1}`)));
    const rowsOf = (text: string) =>
      table
        .parse(parse(text))
        .slice(1)
        .map(([row]) => Number(row));
    const whole = await get(`/submissions/${id}/lines?format=csv`);
    expect(rowsOf(whole.text)).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1));
    const page = await get(`/submissions/${id}/lines?format=csv&after=500&limit=3`);
    expect(rowsOf(page.text)).toEqual([501, 502, 503]);
    const none = await get(`/submissions/${id}/lines?format=csv&status=aborted`);
    expect(none.text).toBe(`${HEADER.join(',')}\r\n`);
  });

  it('are refused with a problem document like the others', async () => {
    expect(problemIn(await get('/submissions/nope/lines?format=csv')).status).toBe(404);
    const foreign = await store([usable(1, 'P/1')], ORDER_CONNECTION, 'raymond');
    expect(problemIn(await get(`/submissions/${foreign}/lines`, { accept: 'text/csv' })).status).toBe(404);
    expect(problemIn(await get('/submissions/nope/lines?format=xml')).status).toBe(422);
  });

  it('are in the OpenAPI document', async () => {
    const content = z.record(z.string(), z.object({ schema: z.looseObject({ type: z.string() }) }));
    const document = z
      .object({
        paths: z.object({
          '/submissions/{id}/lines': z.object({
            get: z.object({
              responses: z.object({ 200: z.object({ content }) }),
              parameters: z.array(z.looseObject({ name: z.string() })),
            }),
          }),
        }),
      })
      .parse((await get('/openapi.json')).json);
    const { responses, parameters } = document.paths['/submissions/{id}/lines'].get;
    expect(Object.entries(responses[200].content).map(([type, { schema }]) => [type, schema.type])).toEqual([
      ['application/json', 'object'],
      ['text/csv', 'string'],
    ]);
    expect(parameters.map(({ name }) => name)).toEqual(expect.arrayContaining(['status', 'after', 'limit', 'format']));
  });
});
