// Loaded before JupyterHub's proxy: it ends with the Hub that started it, which may have been killed.
const parent = process.ppid;
setInterval(() => { if (process.ppid !== parent) process.exit(0); }, 300).unref();
