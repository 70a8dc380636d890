// Sends bodies with axios, superagent and fetch, each several times over connections that are kept, and prints the answers as JSON.
// Arguments: the URL, the number of bytes.

const http = require('http');
const axios = require('axios');
const superagent = require('superagent');

const [url, bytes] = process.argv.slice(2);
const body = Buffer.alloc(Number(bytes), 'x');
const headers = { 'Content-Type': 'multipart/form-data; boundary=x' };
const httpAgent = new http.Agent({ keepAlive: true });
const ROUNDS = 5;

async function main() {
  const answers = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const refused = await axios.post(`${url}/user`, body, { headers, httpAgent, validateStatus: null, maxBodyLength: Infinity });
    const next = await axios.get(`${url}/users`, { httpAgent });
    answers.push({ client: 'axios', status: refused.status, text: JSON.stringify(refused.data), next: next.status });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const form = superagent.post(`${url}/user`).agent(httpAgent).field('name', 'Ada').field('email', 'ada@example.org');
    const refused = await form.attach('avatar', body, 'photo.jpg').ok(() => true);
    const next = await superagent.get(`${url}/users`).agent(httpAgent);
    answers.push({ client: 'superagent', status: refused.status, text: JSON.stringify(refused.body), next: next.status });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const refused = await fetch(`${url}/user`, { method: 'POST', headers, body });
    const text = await refused.text();
    const next = await fetch(`${url}/users`);
    await next.text();
    answers.push({ client: 'fetch', status: refused.status, text, next: next.status });
  }
  console.log(JSON.stringify(answers));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
