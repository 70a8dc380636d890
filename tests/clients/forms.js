// Sends the form of a page, once by script and once by navigation: the status and the text of both answers.
// Arguments: a browser (browser.js), the URL of the page.

require('./browser').run(async (page, url) => {
  await page.goto(url);
  const byScript = await page.evaluate(() => window.sendByScript());
  const [response] = await Promise.all([page.waitForNavigation(), page.evaluate(() => window.sendByForm())]);
  const text = await page.evaluate(() => document.documentElement.textContent);
  return { byScript, byForm: { status: response.status(), text } };
});
