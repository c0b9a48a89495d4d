import type { HttpAnswer } from './client';
import { jsonOf } from './words';

const PAGE_TYPE = /^\s*(?:text\/html|application\/xhtml\+xml)\b/i;
/** How Cloudflare says no to a caller that does not ask for a page. */
const CLOUDFLARE_TEXT = /^\s*error code: \d{3,4}\s*$/i;
/** Headers that firewalls put on their own answers, never on those that they pass on. */
const FIREWALL_HEADERS = ['cf-mitigated', 'x-amzn-waf-action'];
/** 405 and 406 are what some firewalls say in place of 403; other 4xx find fault with the request itself, whoever prints them. */
const BARRED = [401, 403, 405, 406, 407, 451];

/** Whether the body is a page for people, or a firewall's own text. A JSON body is the channel's word also where it is labelled as a page. */
function isPage({ headers, text }: HttpAnswer): boolean {
  if (FIREWALL_HEADERS.some((name) => headers[name] !== undefined)) return true;
  if (/^\s*</.test(text) || CLOUDFLARE_TEXT.test(text)) return true;
  return PAGE_TYPE.test(headers['content-type'] ?? '') && jsonOf(text) === undefined;
}

/**
 * The 401 that a web server prints as a page for an API that refuses a token: it names the scheme, as HTTP demands, or says
 * "Unauthorized". Taken for a firewall's, a dead token would never be replaced.
 */
const isServersOwn401 = ({ status, headers, text }: HttpAnswer): boolean =>
  status === 401 &&
  FIREWALL_HEADERS.every((name) => headers[name] === undefined) &&
  (headers['www-authenticate'] !== undefined || /unauthori[sz]ed/i.test(text));

/** Whether something before the channel answered in its place: the channels speak JSON. */
export const isStandIn = (answer: HttpAnswer): boolean => isPage(answer) && !isServersOwn401(answer);

/** Whether something before the channel kept the request from it, or its answer from us: no word of the channel, neither yes nor no. */
export const isBarred = (answer: HttpAnswer): boolean =>
  (BARRED.includes(answer.status) || (answer.status >= 200 && answer.status < 300)) && isStandIn(answer);
