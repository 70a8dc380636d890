// Compares pictures as a browser shows them: for each pair of data URLs the largest and the mean difference of their samples, or why
// there is none. Of the left one that is what the browser draws of it, perhaps nothing; the right one must be without a fault.
// Arguments: a browser (browser.js), a file with the pairs as JSON.

const fs = require('fs');

async function difference([left, right]) {
  const pixels = async (url, whole) => {
    const picture = new Image();
    await new Promise((loaded, failed) => {
      picture.onload = loaded;
      picture.onerror = () => failed('not shown');
      picture.src = url;
    });
    // It fails where only a part can be drawn.
    if (whole) await picture.decode();
    const canvas = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight);
    const context = canvas.getContext('2d');
    context.drawImage(picture, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  };
  try {
    const [one, other] = [await pixels(left, false), await pixels(right, true)];
    if (one.width !== other.width || one.height !== other.height) return 'other dimensions';
    const off = [...one.data].map((sample, index) => Math.abs(sample - other.data[index]));
    return { most: Math.max(...off), mean: off.reduce((sum, one) => sum + one) / off.length };
  } catch (error) {
    return String(error);
  }
}

require('./browser').run(async (page, file) => {
  const outcomes = [];
  for (const pair of JSON.parse(fs.readFileSync(file))) outcomes.push(await page.evaluate(difference, pair));
  return outcomes;
});
