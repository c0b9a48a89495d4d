import { isIP } from 'node:net';
import { ConnectorError } from '../errors';
import { isPublicAddress } from './addresses';

/** Where requests may go. */
export interface DestinationRules {
  /** Host names, exact or as `*.example.com` (any name below it, not itself). */
  allowedHosts: readonly string[];
  /** Loopback and private networks may be reached: for twins and tests only. */
  allowPrivateAddresses: boolean;
}

/** Throws `InputInvalid`, naming the host, for an address that must not be called. */
export function checkedUrl(text: string, rules: DestinationRules): URL {
  if (!URL.canParse(text)) throw new ConnectorError('InputInvalid', 'the address to call is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ConnectorError('InputInvalid', `${url.protocol}//${url.hostname}: only http and https are called`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConnectorError('InputInvalid', `${url.hostname}: an address with user name or password is not called`);
  }
  const allowed = rules.allowedHosts.some((pattern) => matches(url.hostname, pattern.toLowerCase()));
  if (!allowed) throw new ConnectorError('InputInvalid', `${url.hostname} is not among the allowed hosts`);
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (!rules.allowPrivateAddresses && isIP(literal) !== 0 && !isPublicAddress(literal)) {
    throw new ConnectorError('InputInvalid', `${url.hostname} is not a public address`);
  }
  return url;
}

const matches = (host: string, pattern: string): boolean =>
  pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length >= pattern.length : host === pattern;
