import { isIP, type LookupFunction } from 'node:net';
import { ConnectorError } from '../errors';
import { checkedLookup, isPublicAddress, type Resolver } from './addresses';

/** Where requests may go. */
export interface DestinationRules {
  /**
   * Host names, exact or as `*.example.com` (any name below it, not itself); `host:port` is that port only. A private address,
   * or a name that can only be a local one, that stands here by itself may be reached: whoever wrote it there meant it.
   * `any`: every host with a public address.
   */
  allowedHosts: readonly string[] | 'any';
  /** Loopback and private networks may be reached by any allowed name, also one that looks public. */
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
  const allowed =
    rules.allowedHosts === 'any' || rules.allowedHosts.some((pattern) => matches(url, pattern.toLowerCase()));
  if (!allowed) throw new ConnectorError('InputInvalid', `${url.hostname} is not among the allowed hosts`);
  const literal = withoutBrackets(url.hostname);
  if (isIP(literal) !== 0 && !isPublicAddress(literal) && !mayBePrivate(literal, rules)) {
    throw new ConnectorError('InputInvalid', `${url.hostname} is not a public address`);
  }
  return url;
}

/** Whether the host, a name or an address without brackets, may lead to a loopback or private address. */
const mayBePrivate = (host: string, rules: DestinationRules): boolean =>
  rules.allowPrivateAddresses ||
  (rules.allowedHosts !== 'any' &&
    isLocal(host) &&
    rules.allowedHosts.some((pattern) => names(pattern.toLowerCase(), host.toLowerCase())));

/** A wildcard names no address: `*.0.0.1` is a mistake, or worse. */
const names = (pattern: string, host: string): boolean =>
  pattern.startsWith('*.') ? isIP(host) === 0 && host.endsWith(pattern.slice(1)) : hostOf(pattern) === host;

/** An address that is not public, or a name that no public name server knows. */
const isLocal = (host: string): boolean =>
  isIP(host) !== 0 ? !isPublicAddress(host) : !host.includes('.') || /\.(localhost|local|internal)$/i.test(host);

const withoutBrackets = (host: string): string => host.replace(/^\[|\]$/g, '');

const hostOf = (pattern: string): string => withoutBrackets(pattern.replace(/:\d+$/, ''));

const matches = ({ host, hostname }: URL, pattern: string): boolean =>
  pattern.startsWith('*.')
    ? hostname.endsWith(pattern.slice(1)) && hostname.length >= pattern.length
    : pattern === hostname || pattern === host || pattern === withoutBrackets(hostname);

/** Decides at the moment of the connection, with the addresses that the name has then. */
export const lookupWithin =
  (rules: DestinationRules, resolve?: Resolver): LookupFunction =>
  (host, options, callback) =>
    checkedLookup(mayBePrivate(host, rules) ? () => true : isPublicAddress, resolve)(host, options, callback);
