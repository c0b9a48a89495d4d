/** Whose page a caller gets that a firewall does not let through. */
export type Firewall = 'akamai' | 'cloudflare' | 'big-ip';

/** Made after what these products show people; the numbers in them are made up. */
export const FIREWALL_PAGES: Record<Firewall, { headers: Record<string, string>; text: string }> = {
  akamai: {
    headers: { server: 'AkamaiGHost' },
    text: `<HTML><HEAD>
<TITLE>Access Denied</TITLE>
</HEAD><BODY>
<H1>Access Denied</H1>

You don't have permission to access "http&#58;&#47;&#47;api&#46;example&#46;com&#47;" on this server.<P>
Reference&#32;&#35;18&#46;2f4d2e17&#46;1700000000&#46;1a2b3c
</BODY>
</HTML>
`,
  },
  cloudflare: {
    headers: { server: 'cloudflare', 'cf-mitigated': 'challenge', 'cf-ray': '8a0000000000beef-BOM' },
    text: `<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title><script>(function(){window._cf_chl_opt={cRay:'8a0000000000beef'};}());</script></head><body><noscript>Enable JavaScript and cookies to continue</noscript></body></html>`,
  },
  'big-ip': {
    headers: { 'cache-control': 'no-cache' },
    text: '<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. Please consult with your administrator.<br><br>Your support ID is: 1234567890123456789</body></html>',
  },
};
