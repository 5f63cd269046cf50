/* Mounts the forms of a static page on a local model, in place of require.js and the widget manager. The build has
   put each widget's state (ids and prompts, never answers) beside the place where it stands. */
import { render } from "./form.js";
const settings = JSON.parse(document.getElementById("ppm-settings").textContent);
Object.assign(settings, window.ppm.beside); // what a cohort's pages have beside the browser

/** The word list, asked for once, when a learner first wants to see what the words include. */
let asked;
if (settings.noticing) {
  const address = settings.noticing;
  settings.noticing = () => (asked ??= new Promise((good, bad) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => {
      window.ppm.notice("", "en", [], window.ppm.WORD_LISTS); // makes the list ready before it is asked
      good((text, language, keyWords) => window.ppm.mirrored(window.ppm.notice(text, language, keyWords, window.ppm.WORD_LISTS)));
    };
    script.onerror = () => { asked = null; bad(); }; // the form says so
    document.head.append(script);
  }));
}

const mount = async (place) => {
  const state = JSON.parse(place.querySelector("script").textContent);
  const values = { ...state, settings: { ...state.settings, ...settings } };
  const model = { get: (name) => values[name] }; // all that the form asks of one
  const el = document.createElement("div");
  const readable = place.querySelector(".question-only");
  try {
    const ready = render({ model, el, signal: new AbortController().signal });
    readable.replaceWith(el);
    await ready;
  } catch (error) {
    if (!readable.isConnected) el.replaceWith(readable);
    console.error("A form could not be set up:", error);
  }
};

Promise.all([...document.querySelectorAll(".form-place")].map(mount)).then(() => {
  performance.mark("ppm:forms-ready");
  document.documentElement.dataset.forms = "ready";
  document.dispatchEvent(new Event("ppm:forms-ready"));
});
