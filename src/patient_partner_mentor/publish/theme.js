/* Runs before the page is drawn, so that the chosen light or dark comes without a flash. */
try {
  const theme = localStorage.getItem("ppm:theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {}
document.documentElement.classList.add("js");
