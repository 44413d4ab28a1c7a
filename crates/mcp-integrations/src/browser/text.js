// Returns the visible text of this document as JSON: texts, and for each frame its index in
// `framesOfText`. Runs in an isolated world. An element can shadow a property of its document or
// form (https://html.spec.whatwg.org/#dom-document-nameditem), so getters come from prototypes.
(limit) => {
  const getter = (type, name) => {
    const get = Object.getOwnPropertyDescriptor(type.prototype, name).get;
    return (object) => get.call(object);
  };
  const [parentOf, childrenOf, contentOf] =
    ['parentNode', 'childNodes', 'textContent'].map((name) => getter(Node, name));
  const [shadowOf, nameOf, elementSlot] =
    ['shadowRoot', 'localName', 'assignedSlot'].map((name) => getter(Element, name));
  const textSlot = getter(Text, 'assignedSlot');
  const innerTextOf = getter(HTMLElement, 'innerText');
  const isVisible = (element) => Element.prototype.checkVisibility.call(element);

  // The elements that contain a shadow root or a frame, which the browser's innerText omits.
  const mixed = new Set();
  const above = (node) => {
    const slot = node instanceof Element ? elementSlot(node) : null;
    const parent = slot ?? parentOf(node);
    return parent instanceof ShadowRoot ? parent.host : parent;
  };
  const mark = (node) => {
    for (let at = node; at && !mixed.has(at); at = above(at)) mixed.add(at);
  };
  const search = (root) => {
    const walker = Document.prototype.createTreeWalker.call(document, root, NodeFilter.SHOW_ELEMENT);
    for (let element = walker.nextNode(); element; element = walker.nextNode()) {
      const shadow = shadowOf(element);
      if (shadow) {
        mark(element);
        search(shadow);
      } else if (element instanceof HTMLSlotElement) {
        // Slotted nodes are not children of the slot.
        mark(element);
      } else if (['iframe', 'frame', 'object', 'embed'].includes(nameOf(element))) {
        mark(element);
      }
    }
  };
  search(document);

  // Parts are texts, indexes of frames, and [n]: at least n line breaks.
  const parts = [];
  const frames = [];
  const addText = (node, style) => {
    let text = contentOf(node);
    if (style.visibility !== 'visible') return;
    if (style.whiteSpaceCollapse === 'collapse') text = text.replace(/[ \t\n\r\f]+/g, ' ');
    if (style.textTransform === 'uppercase') text = text.toUpperCase();
    if (style.textTransform === 'lowercase') text = text.toLowerCase();
    parts.push(text);
  };
  const visit = (node, style) => {
    if (node instanceof Text) return addText(node, style);
    if (!(node instanceof Element)) return;
    const own = getComputedStyle(node);
    if (own.display === 'none' || (own.display !== 'contents' && !isVisible(node))) return;
    const name = nameOf(node);
    const isInline = /^(inline|contents|ruby)/.test(own.display);
    const breaks = isInline || own.display === 'table-cell' ? [] : [[name === 'p' ? 2 : 1]];
    parts.push(...breaks);
    const shadow = shadowOf(node);
    if (!mixed.has(node)) {
      parts.push(name === 'br' ? '\n' : node instanceof HTMLElement ? innerTextOf(node) : contentOf(node));
    } else if (!shadow && ['iframe', 'frame', 'object', 'embed'].includes(name)) {
      const box = node.getBoundingClientRect();
      if (box.width > 1 && box.height > 1 && own.visibility === 'visible') {
        parts.push([1], frames.push(node) - 1, [1]);
      }
    } else {
      const slotted = node instanceof HTMLSlotElement ? node.assignedNodes() : [];
      const children = slotted.length ? slotted : childrenOf(shadow ?? node);
      for (const child of children) visit(child, own);
    }
    if (own.display === 'table-cell') parts.push('\t');
    parts.push(...breaks);
  };

  const body = getter(Document, 'body')(document);
  const root = body ?? getter(Document, 'documentElement')(document);
  if (!root || !mixed.has(root)) {
    const text = root instanceof HTMLElement ? innerTextOf(root) : root ? contentOf(root) : '';
    return JSON.stringify([text.slice(0, limit).toWellFormed()]);
  }
  visit(root, getComputedStyle(root));

  // As in innerText: adjacent breaks count once, and lines neither begin nor end with a space.
  const result = [''];
  let wanted = 0;
  let length = 0;
  const isStart = () => result.length === 1 && result[0] === '';
  const add = (text) => {
    if (wanted && !isStart()) text = '\n'.repeat(wanted) + text;
    wanted = 0;
    result.push(result.pop() + text);
    length += text.length;
  };
  for (const part of parts) {
    if (length > limit) break;
    if (Array.isArray(part)) {
      result.push(result.pop().replace(/[ \t]+$/, ''));
      wanted = Math.max(wanted, part[0]);
    } else if (typeof part === 'number') {
      add('');
      result.push(part, '');
    } else {
      const last = result.at(-1);
      const isEdge = wanted || isStart() || /\s$/.test(last);
      const text = isEdge ? part.replace(/^ +/, '') : part;
      if (text) add(text);
    }
  }
  globalThis.framesOfText = frames;
  return JSON.stringify(result.map((part) =>
    typeof part === 'string' ? part.slice(0, limit).toWellFormed() : part));
}
