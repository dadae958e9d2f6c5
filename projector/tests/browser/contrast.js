// Texts that do not stand out from what is behind them, a sentence each.
const faults = [];

// Red, green, blue (0 to 1) and opacity of a colour, in whatever way it is written.
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
function channels(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].map(value => value / 255);
}
function over([r, g, b, a], below) {
  return [r, g, b].map((value, nth) => value * a + below[nth] * (1 - a));
}
function background(element) {
  const layers = [];
  for (let box = element; box !== null; box = box.parentElement) layers.push(channels(getComputedStyle(box).backgroundColor));
  return layers.reverse().reduce((below, layer) => over(layer, below), [1, 1, 1]);
}
function luminance(colour) {
  const [r, g, b] = colour.map(value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function ratio(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  const isDrawn = element.closest("svg") !== null;
  if (texts.currentNode.data.trim() === "" || element.closest(".unseen, .skip, title, option") !== null) continue;
  if (isDrawn && element.matches(".band-text")) continue;
  const style = getComputedStyle(element);
  const behind = background(element);
  const found = ratio(over(channels(isDrawn ? style.fill : style.color), behind), behind);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  if (found < (isLarge ? 3 : 4.5)) faults.push(`${found.toFixed(2)}: ${element.outerHTML.slice(0, 100)}`);
}
return faults;
