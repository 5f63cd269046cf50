/* The Hub's pages: show a password, load again, and wait until a workspace is ready. Every page works without. */
for (const button of document.querySelectorAll(".show-password")) {
  const box = document.getElementById(button.getAttribute("aria-controls"));
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = box.type === "password";
    box.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });
}
for (const button of document.querySelectorAll(".load-again")) {
  button.hidden = false;
  button.addEventListener("click", () => location.reload());
}
const waiting = document.querySelector("[data-progress]");
if (waiting) {
  const bar = document.querySelector(".waiting-bar progress");
  const source = new EventSource(waiting.dataset.progress);
  source.onmessage = ({ data }) => {
    const said = JSON.parse(data);
    if (said.progress !== undefined) bar.value = said.progress;
    if (said.ready) { source.close(); waiting.textContent = waiting.dataset.ready; location.reload(); }
    if (said.failed) { source.close(); waiting.textContent = waiting.dataset.trouble; bar.hidden = true; }
  };
}
