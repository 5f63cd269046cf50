// Loaded before JupyterHub's proxy: connections to Unix sockets are kept open for a moment, as it keeps those to ports.
// Else it asks each part for one answer and to hang up then. A part that answers at once hangs up while Node still ends its own
// side of the request; that last write fails, and the browser is told 503 in place of the answer.
const http = require("node:http");
const IDLE = 4000; // ms: sooner than any part hangs up by itself
const agent = new http.Agent({ keepAlive: true, timeout: IDLE });
const request = http.request;
http.request = function (options, ...rest) {
  if (options?.socketPath && options.agent === false && options.headers?.connection === "close") {
    options.agent = agent;
    options.headers.connection = "keep-alive";
  }
  return request.call(this, options, ...rest);
};
require("node:module").syncBuiltinESMExports();
