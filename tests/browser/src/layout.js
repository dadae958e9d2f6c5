// What is broken on the page as a person sees it, a sentence each. The argument is the screen's width.
const [width] = arguments;
const faults = [];
const name = element => element.outerHTML.replace(/\s+/g, " ").slice(0, 100);
// Text for screen readers, and a link that waits outside of the page for the keyboard.
const isClipped = element => element !== null && (getComputedStyle(element).clipPath !== "none" || isClipped(element.parentElement));
const isUnseen = element => element.closest(".unseen, .skip, svg *") !== null || isClipped(element);

const page = document.scrollingElement;
// A phone shows a page that is too wide on a wider screen, and shrinks it.
if (innerWidth !== width) faults.push(`the page is laid out for ${innerWidth} pixels`);
if (page.scrollWidth > innerWidth) faults.push(`the page is ${page.scrollWidth} pixels wide`);

for (const element of document.body.querySelectorAll("*")) {
  if (isUnseen(element)) continue;
  const box = element.getBoundingClientRect();
  if (box.left < 0 || box.right > width + 0.5) faults.push(`leaves the screen: ${name(element)}`);
  const hides = getComputedStyle(element).overflowX !== "visible";
  if (hides && element.scrollWidth > element.clientWidth) faults.push(`is cut: ${name(element)}`);
}

// What stands in a box keeps to the margins of the box.
for (const box of document.querySelectorAll("main, .card, .notice, .guide")) {
  const edge = box.getBoundingClientRect().right - parseFloat(getComputedStyle(box).paddingRight) + 0.5;
  for (const element of box.querySelectorAll("*")) {
    if (isUnseen(element) || element.getBoundingClientRect().right <= edge) continue;
    faults.push(`leaves its box: ${name(element)}`);
  }
}

// The lines that an element's visible text takes.
function lines(element) {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const tops = new Set();
  while (texts.nextNode()) {
    if (isUnseen(texts.currentNode.parentElement) || texts.currentNode.data.trim() === "") continue;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    for (const box of range.getClientRects()) tops.add(Math.round(box.bottom / 8));
  }
  return tops.size;
}
for (const element of document.querySelectorAll("button, .button, nav a, .who, .badge, .count, .in-cart")) {
  if (lines(element) > 1) faults.push(`breaks over lines: ${name(element)}`);
}

// All tabs stand beside each other.
const tabs = [...document.querySelectorAll("nav a")].map(tab => Math.round(tab.getBoundingClientRect().top));
if (new Set(tabs).size > 1) faults.push("the tabs do not stand in one line");
return faults;
