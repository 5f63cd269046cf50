/* The form beside a kernel: Voila's pages and JupyterLab. Words travel in messages, never in what a widget syncs. */
import { render } from "./form.js";
import { mirrored } from "./mirror.js";
import { hosted } from "./remote.js";
import { openStore } from "./store.js";
import { talk } from "./talk.js";

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
      noticing: async () => async (text, language, keyWords) => mirrored((await ask({ kind: "notice", text, language, key_words: keyWords })).found),
    };
    const values = { get: (key) => (key === "settings" ? settings : model.get(key)) };
    return render({ model: values, el, signal: signal ?? new AbortController().signal });
  },
};
