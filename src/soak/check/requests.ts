import type { SoakConnection } from '../tenants';
import { createFinding, type Finding } from './finding';
import { type Recorded, twinOf } from './recorded';
import { truthKeyOfTwinKey } from './truth';

/** What a twin counts that no caller may ever do. A dead token is none of these: tokens die before their time here. */
const FORBIDDEN = [
  'missingToken',
  'unknownToken',
  'foreignToken',
  'foreignOrder',
  'foreignSync',
  'badLogin',
  'badBody',
  'batchTooLarge',
  'duplicateLine',
  'overlappingSync',
  'unknownRoute',
];

/** I4. No request has more lines than its connection may send, mixes connections, or carries another connection's token. */
export function checkRequests(recorded: Recorded, connections: readonly SoakConnection[]): Finding {
  const finding = createFinding('I4', 'no request out of bounds');
  const figures = { requests: 0, 'stock requests': 0, 'lines in the largest': 0, 'dead tokens met': 0 };
  const byId = new Map(connections.map((one) => [one.id, one]));
  for (const [name, { calls, violations, dropped }] of Object.entries(recorded.twins)) {
    if (dropped > 0) finding.violate(`${name} forgot ${dropped} requests before they were read`);
    figures.requests += calls.length;
    figures['dead tokens met'] += violations.deadToken ?? 0;
    for (const violation of FORBIDDEN) {
      if ((violations[violation] ?? 0) > 0)
        finding.violate(`${name} counted ${violation} ${violations[violation]} times`);
    }
    for (const call of calls) {
      const stock = [...call.keys, ...call.applied.filter(({ what }) => what === 'stock').map(({ key }) => key)];
      const keys = new Set(stock.flatMap((key) => truthKeyOfTwinKey(key) ?? []));
      const ids = new Set([...keys].map((key) => Number(key.split(' ')[0])));
      const [id] = ids;
      const connection = byId.get(id ?? 0);
      if (!connection) continue;
      figures['stock requests'] += 1;
      figures['lines in the largest'] = Math.max(figures['lines in the largest'], keys.size);
      if (ids.size > 1) finding.violate(`request ${call.seq} of ${name} mixes connections ${[...ids].join(', ')}`);
      if (keys.size > connection.batchSize)
        finding.violate(`request ${call.seq} of ${name} has ${keys.size} lines, ${connection.batchSize} are allowed`);
      const isOwn = call.account === null || call.account === connection.login;
      if (!isOwn || twinOf(connection.channel) !== name)
        finding.violate(`request ${call.seq} of ${name} carries the token of ${call.account} for ${connection.login}`);
    }
  }
  return finding.done(figures);
}
