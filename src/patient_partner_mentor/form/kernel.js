/* The form beside a kernel: Voila's pages and JupyterLab. Words travel in messages, never in what a widget syncs. */
import { render } from "./form.js";
import { hosted } from "./remote.js";
import { openStore } from "./store.js";

const label = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => n.toString(16).padStart(2, "0")).join("");

/** Ask the kernel's side of a form, and get its reply. */
function talk(model) {
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

export const kernelForm = {
  render({ model, el, signal }) {
    const ask = talk(model), given = model.get("settings");
    const channel = {
      pause: 300,
      load: (module, step) => ask({ kind: "load", module, step }),
      save: (answer, seen) => ask({ kind: "save", answer, seen }),
    };
    const settings = {
      ...given,
      open: (owner) => (given.journal ? hosted(openStore(owner), channel, model.get("question")) : openStore(owner)),
      noticing: async () => async (text, language, keyWords) => (await ask({ kind: "notice", text, language, key_words: keyWords })).found,
    };
    const values = { get: (key) => (key === "settings" ? settings : model.get(key)) };
    return render({ model: values, el, signal: signal ?? new AbortController().signal });
  },
};
