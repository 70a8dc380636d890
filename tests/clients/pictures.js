// Compares pictures as a browser shows them: for each pair of data URLs `same`, or what differs.
// Arguments: a browser (browser.js), a file with the pairs as JSON.

const fs = require('fs');

async function difference([left, right]) {
  const pixels = async (url) => {
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    const canvas = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight);
    const context = canvas.getContext('2d');
    context.drawImage(picture, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  };
  try {
    const [one, other] = [await pixels(left), await pixels(right)];
    if (one.width !== other.width || one.height !== other.height) return 'dimensions';
    const differing = one.data.filter((sample, index) => sample !== other.data[index]).length;
    return differing ? `${differing} samples` : 'same';
  } catch (error) {
    return `not shown: ${error}`;
  }
}

require('./browser').run(async (page, file) => {
  const outcomes = [];
  for (const pair of JSON.parse(fs.readFileSync(file))) outcomes.push(await page.evaluate(difference, pair));
  return outcomes;
});
