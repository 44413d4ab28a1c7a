// Returns the state of this document as JSON. Runs in an isolated world.
(() => {
  const property = (name) =>
    Object.getOwnPropertyDescriptor(Document.prototype, name).get.call(document);
  let elements = 0;
  let characters = 0;
  const count = (root) => {
    const walker = Document.prototype.createTreeWalker.call(document, root, NodeFilter.SHOW_ALL);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      elements += 1;
      if (node instanceof CharacterData) characters += node.length;
      const shadow = node instanceof Element && node.shadowRoot;
      if (shadow instanceof ShadowRoot) count(shadow);
    }
  };
  count(document);
  return JSON.stringify({
    state: property('readyState'),
    size: `${elements} ${characters} ${property('title').length}`,
    status: performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0,
  });
})()
