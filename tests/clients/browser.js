// Runs `work` with a page of a browser, and prints what it returns as JSON. The first arguments of the script are `chrome` or
// `firefox`, and its program; `work` gets the others.

const puppeteer = require('puppeteer-core');

// A busy machine starts a browser slowly.
const timeout = 120_000;

async function main(work) {
  const [browser, executablePath, ...rest] = process.argv.slice(2);
  // Chromium has no sandbox for root.
  const args = browser === 'chrome' && process.getuid() === 0 ? ['--no-sandbox'] : [];
  // Puppeteer turns off what shows JSON in Firefox, as it is for its users.
  const extraPrefsFirefox = { 'devtools.jsonview.enabled': true };
  const running = await puppeteer.launch({ browser, executablePath, args, extraPrefsFirefox, headless: true, timeout });
  try {
    const page = await running.newPage();
    page.setDefaultTimeout(timeout);
    console.log(JSON.stringify(await work(page, ...rest)));
  } finally {
    await running.close();
  }
}

exports.run = (work) =>
  main(work).catch((error) => {
    console.error(error);
    process.exit(1);
  });
