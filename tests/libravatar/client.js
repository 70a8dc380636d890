// What the package `libravatar` makes of e-mails: `STATUS TYPE URL`, a line each. The argument is the port of a name server.

const dns = require('dns');
const libravatar = require('libravatar');

dns.setServers([`127.0.0.1:${process.argv[2]}`]);

const line = async (expected, options) => console.log(`${expected} ${await libravatar.get_avatar_url(options)}`);

line('200 image/jpeg', { email: 'ada@example.org' });
line('200 image/jpeg', { email: 'Ada@example.org', size: 300 });
line('200 image/', { email: 'unknown@example.org', size: 64, default: 'retro' });
line('404 application/problem+json', { email: 'unknown@example.org', default: '404' });
