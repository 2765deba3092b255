// Text from the data is only ever set as text: nothing here parses HTML.
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) addBreakable(element, String(text));
  return element;
}

// Text that may go on in the next line after a sign that ends a word: Animals_Nature, test/cat/1.png.
function addBreakable(element, text) {
  text.split(/(\p{L}[_./-])(?=[\p{L}\d])/u).forEach((part, n) => {
    element.append(part);
    if (n % 2) element.append(document.createElement("wbr"));
  });
}

function byId(id) {
  return document.getElementById(id);
}

// A box whose content can be shown at twice its size and more, to be read and scrolled.
function zoomable(box) {
  const button = make("button", "", "Zoom in");
  button.type = "button";
  button.addEventListener("click", () => {
    button.textContent = box.classList.toggle("zoomed") ? "Zoom out" : "Zoom in";
  });
  box.prepend(button);
}

// The options of a select: pairs of value and text.
function addOptions(select, options) {
  for (const [value, text] of options) {
    const option = make("option", "", text);
    option.value = String(value);
    select.append(option);
  }
}

// Text with everything that moves the cursor, hides or reorders made visible, as assay.core.text.one_line does.
function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, (character) => {
    const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
    const digits = character.codePointAt(0).toString(16);
    if (short) return short;
    if (digits.length < 3) return "\\x" + digits.padStart(2, "0");
    return digits.length < 5 ? "\\u" + digits.padStart(4, "0") : "\\U" + digits.padStart(8, "0");
  });
}

// What a data block of the page holds: JSON, deflated, in base64.
async function unpacked(block) {
  const bytes = Uint8Array.from(atob(block.textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}
