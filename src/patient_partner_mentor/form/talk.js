/* Questions to the kernel's side of a widget, and its replies. */
const label = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => n.toString(16).padStart(2, "0")).join("");

/** Ask the kernel's side of a form, and get its reply. */
export function talk(model) {
  const waiting = new Map();
  model.on("msg:custom", (message) => {
    const asked = message?.kind === "reply" && waiting.get(message.id);
    if (!asked) return;
    waiting.delete(message.id);
    if (message.ok) asked.good(message); else asked.bad({ reason: message.reason });
  });
  return (message) => new Promise((good, bad) => {
    const id = label();
    waiting.set(id, { good, bad });
    model.send({ ...message, id });
    if (waiting.size > 50) waiting.delete(waiting.keys().next().value); // what was never answered
  });
}
